"""What goes into an index: documents, folders, and what was made elsewhere."""
