"""The encoder, and nothing that has a better home."""
