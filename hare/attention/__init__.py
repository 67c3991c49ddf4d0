"""Attention over the pool of knowledge, with uncertainty.

cross_attention   multi-head attention of (request, user) over a pool: the trained module
large_pool        the same for one query over 10^5 to 10^6 items with their keys kept
exploration       from what is believed of the logits to weights: five modes
uncertainty       U_j, the variance of a logit; entropy
quadrature        the points that stand for a normal distribution over users
gram              Lambda_j, the Gram matrix of each cluster, kept up to date
clusters          k-means over the pool
schedules         the strength of exploration over rounds (no torch)
checks            what the input must be
"""
