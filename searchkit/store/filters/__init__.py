"""Which chunks may be answers: filters as SQL."""
