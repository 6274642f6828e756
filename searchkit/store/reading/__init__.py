"""What the reader of the database reads, table by table."""
