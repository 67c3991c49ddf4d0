# Data: lme4's `sleepstudy` (Belenky et al. 2003), one row a subject and day. Writes sleepstudy.csv
# and prints the gold values of tests/analysis. Package: lme4.
library(lme4)
write.csv(sleepstudy, "sleepstudy.csv", row.names = FALSE, quote = FALSE)

fit <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy, REML = TRUE)
print(coef(summary(fit)), digits = 8)  # 251.40510 (SE 6.8246), 10.46729 (SE 1.54579)
print(as.data.frame(VarCorr(fit)), digits = 8)  # 612.100, 35.0717, covariance 9.6046, 654.940
print(logLik(fit), digits = 10)  # -871.81414
