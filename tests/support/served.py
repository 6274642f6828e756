"""Tokens of a served index."""

READ, WRITE = "read-token-0123456789", "write-token-0123456789"
