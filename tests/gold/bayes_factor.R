# JZS Bayes factors, of R's `sleep` (sleep.csv) and of single t values: the gold values of
# tests/analysis. Package: BayesFactor.
suppressMessages(library(BayesFactor))
s <- read.csv("sleep.csv")
print(extractBF(ttestBF(s$first, s$second, paired = TRUE))$bf, digits = 10)  # 17.25888027
for (case in list(c(0, 10, sqrt(2) / 2), c(2.03, 80, 1), c(5, 24, sqrt(2) / 2), c(3, 2, 1.414)))
  print(ttest.tstat(case[1], case[2], rscale = case[3])$bf, digits = 10)  # natural logarithms
# -1.1750823266, -.4430478423, 6.286883494, .2748789978
