"""Tests, effect sizes and intervals: arrays or tidy frames in, results out, one idea a module."""
