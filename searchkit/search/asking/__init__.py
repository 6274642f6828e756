"""A question, from its text to the hits, and what there is to say of them."""
