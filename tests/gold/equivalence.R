# TOST on R's `sleep` (sleep.csv), by two one-sided t tests and, for bounds in d_z, by the
# noncentral t: the gold values of tests/analysis.
d <- with(read.csv("sleep.csv"), first - second)
print(t.test(d, mu = -3, alternative = "greater")$p.value, digits = 10)   # .002655570293
print(t.test(d, mu = 0.5, alternative = "less")$p.value, digits = 10)     # .0002319027045
print(t.test(d, conf.level = 0.90)$conf.int, digits = 10)                 # -2.293005267, -.866994733
t <- t.test(d)$statistic
print(pt(t, 9, ncp = -2 * sqrt(10), lower.tail = FALSE), digits = 10)     # .04449075746
print(pt(t, 9, ncp = 0.5 * sqrt(10)), digits = 10)                        # .00001006067479
