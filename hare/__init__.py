"""The systems under study: algorithms, models, data and arms. A library that knows no study and no web."""
