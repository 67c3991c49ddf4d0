# Data: Hollander and Wolfe (1973), table 7.1, the example of R's ?friedman.test, as the matrix
# RoundingTimes. Writes rounding_times.csv and prints the gold values of tests/analysis.
example(friedman.test)
times <- RoundingTimes
colnames(times) <- c("round_out", "narrow_angle", "wide_angle")
write.csv(format(times, nsmall = 2), "rounding_times.csv", row.names = FALSE, quote = FALSE)

test <- friedman.test(times)
print(test, digits = 8)             # chi-squared = 11.142857, df = 2, p-value = 0.003805041
test$statistic / (22 * 2)           # Kendall's W 0.253247
