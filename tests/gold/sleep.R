# Data: R's own `sleep` (Student 1908), one row a patient. Writes sleep.csv and prints the gold
# values of tests/analysis. Packages: coin (signed rank), boot (BCa interval).
first <- with(sleep, extra[group == 1])
second <- with(sleep, extra[group == 2])
write.csv(data.frame(id = 1:10, first, second), "sleep.csv", row.names = FALSE, quote = FALSE)

print(t.test(first, second, paired = TRUE), digits = 8)
# t = -4.0621277, df = 9, p = 0.00283289, 95% CI [-2.4598858, -0.7001142]

d <- first - second
mean(d) / sd(d)                                      # d_z  -1.28456
mean(d) / sqrt((var(first) + var(second)) / 2)       # d_av -0.83218
t <- mean(d) / sd(d) * sqrt(10)  # noncentral-t interval of d_z: -2.118, -0.4146
for (p in c(0.975, 0.025))
  print(uniroot(function(ncp) pt(t, 9, ncp) - p, c(-20, 20), tol = 1e-10)$root / sqrt(10))

coin::wilcoxsign_test(first ~ second, distribution = "exact", zero.method = "Wilcoxon")
# p = 0.00390625
coin::wilcoxsign_test(first ~ second, distribution = "asymptotic", zero.method = "Pratt")
# p = 0.005825024

j <- exp(lgamma(9 / 2) - lgamma(8 / 2)) / sqrt(9 / 2)
c(j, j * mean(d) / sd(d))                            # J(9) 0.9138748918, g_z -1.1739249035
d_av <- function(x, i) mean(x[i, 1] - x[i, 2]) / sqrt((var(x[i, 1]) + var(x[i, 2])) / 2)
set.seed(1)
boot::boot.ci(boot::boot(cbind(first, second), d_av, 99999), type = "bca")  # -1.4395, -0.5066
