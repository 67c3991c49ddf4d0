"""The corpus, its documents, and how they are read and written."""
