# Data: `wine` of ordinal (Randall 1989, Biometrical Journal 31), bitterness of 72 glasses rated by
# nine judges. Writes wine.csv and prints the gold values of tests/analysis. Package: ordinal.
library(ordinal)
data(wine)
write.csv(wine[c("rating", "temp", "contact", "bottle", "judge")], "wine.csv",
          row.names = FALSE, quote = FALSE)
tight <- clmm.control(grtol = 1e-8)
report <- function(fit) {
  print(coef(summary(fit)), digits = 8)
  print(unlist(VarCorr(fit)), digits = 8)
  print(logLik(fit), digits = 10)
}

report(clmm(rating ~ temp + contact + (1 | judge), wine, nAGQ = 1, control = tight))
report(clmm(rating ~ temp + contact + (1 | judge), wine, nAGQ = 10, control = tight))
report(clmm(rating ~ temp + contact + (1 | judge) + (1 | bottle), wine, control = tight))

# The maximum of the first to more digits; the Hessian is unreliable at this tolerance
finer <- clmm.control(grtol = 1e-8, gradTol = 1e-8, innerCtrl = "noWarn")
print(logLik(clmm(rating ~ temp + contact + (1 | judge), wine, control = finer)), digits = 12)

# Two crossed intercepts that are both there
report(clmm(rating ~ contact + (1 | judge) + (1 | bottle), wine, control = tight))

# The profile interval of contact: where the log-likelihood at a fixed effect is 3.841459 / 2 lower
yes <- as.numeric(wine$contact == "yes")
best <- clmm(rating ~ temp + contact + (1 | judge), wine, nAGQ = 10, control = tight)
fall <- function(b) {
  held <- clmm(rating ~ temp + offset(b * yes) + (1 | judge), wine, nAGQ = 10, control = tight)
  2 * as.numeric(logLik(best) - logLik(held)) - qchisq(0.95, 1)
}
for (ends in list(c(0, 1.8), c(1.8, 4)))
  print(uniroot(fall, ends, tol = 1e-9)$root, digits = 8)
