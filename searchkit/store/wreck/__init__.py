"""A damaged database: what of it can still be read and proven."""
