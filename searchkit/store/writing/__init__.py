"""What the writer writes, table by table."""
