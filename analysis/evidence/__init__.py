"""What shows that the statistics are right: gold values, error rates, power, studies of nothing.

`python -m analysis evidence` measures it, writes the numbers as JSON and the page from them.
"""
