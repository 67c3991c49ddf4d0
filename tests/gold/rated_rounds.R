# Data: simulated here, 12 participants who rate three arms in six rounds. Writes rated_rounds.csv
# and prints what lme4 finds with the secondary model of the study, the gold values of
# tests/analysis. Package: lme4.
library(lme4)
set.seed(11)
rated <- expand.grid(p = 1:12, round = 1:6, arm = c("rag", "hare", "gpt2"))
rated$time <- rated$round - 3.5
own <- as.integer(interaction(rated$p, rated$arm))
rated$rating <- round(
  3 + 0.3 * (rated$arm == "hare") + 0.1 * rated$time * (rated$arm == "hare") +
    rnorm(12, 0, 0.5)[rated$p] + rnorm(36, 0, 0.4)[own] +
    rnorm(36, 0, 0.2)[own] * rated$time + rnorm(216, 0, 0.6), 2)
write.csv(rated[c("p", "round", "arm", "rating")], "rated_rounds.csv",
          row.names = FALSE, quote = FALSE)

fit <- lmer(rating ~ arm * time + (1 | p) + (1 | p:arm) + (0 + time | p:arm), rated, REML = TRUE)
print(coef(summary(fit)), digits = 8)
print(as.data.frame(VarCorr(fit)), digits = 8)
print(logLik(fit), digits = 10)
