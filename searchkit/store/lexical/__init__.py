"""Words: how text is analysed, kept and found by BM25."""
