"""Attention over the pool of knowledge, with uncertainty."""
