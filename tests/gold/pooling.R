# Rubin's rules with Barnard and Rubin's degrees of freedom: the gold values of tests/analysis.
# Package: mice.
suppressMessages(library(mice))
pooled <- pool.scalar(c(1.0, 1.2, 0.9), c(0.04, 0.05, 0.045), n = 24, k = 1)
print(c(pooled$qbar, pooled$t, pooled$df), digits = 10)  # 1.033333333, .07611111111, 6.127172218
