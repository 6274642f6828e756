"""Looking after an index: looking it over, mending it, copying it."""
