"""Experiments from the command line, and the pages they write. Nothing imports this package."""
