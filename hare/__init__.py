"""The systems under study: algorithms, models, data, arms. Knows no study and no web."""
