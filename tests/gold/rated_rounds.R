# Data: simulated here, 12 participants who rate three arms in six rounds. Writes rated_rounds.csv
# and prints the gold values of tests/analysis: what lmerTest finds with the secondary model of the
# study, with Satterthwaite's df and the profile intervals of the ML fit, and what clmm finds with
# the same ratings as five categories. Packages: lmerTest, ordinal.
suppressMessages({library(lmerTest); library(ordinal)})
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

# ML profile intervals of the fixed effects
profiled <- profile(refitML(fit), which = "beta_", signames = FALSE)
print(confint(profiled, level = 0.95), digits = 9)

# One variance at its boundary: the participants' own intercepts taken out first
flat <- transform(rated, rating = rating - ave(rating, p))
print(coef(summary(lmer(formula(fit), flat))), digits = 8)

# Five categories, two nested intercepts and a slope, Laplace
rated$category <- factor(pmin(pmax(round(rated$rating), 1), 5), ordered = TRUE)
rated$own <- interaction(rated$p, rated$arm)
nested <- clmm(category ~ arm * time + (1 | p) + (1 | own) + (0 + time | own), rated,
               control = clmm.control(grtol = 1e-7))
print(coef(summary(nested)), digits = 8)
print(VarCorr(nested), digits = 8)
print(logLik(nested), digits = 10)
