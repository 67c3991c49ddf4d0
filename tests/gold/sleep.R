# Data: R's own `sleep` (Student 1908), one row a patient. Writes sleep.csv and prints the gold
# values of tests/analysis. Package: coin (signed rank).
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
