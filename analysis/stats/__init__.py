"""The tests, effect sizes and intervals: arrays in, result objects out, one idea a module."""
