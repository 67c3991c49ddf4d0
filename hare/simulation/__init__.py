"""Environments with known rewards, simulated raters, and policies judged from logs."""
