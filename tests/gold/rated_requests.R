# Data: simulated here, 12 participants who each get the same 8 requests, in orders of their own,
# and rate three arms. Writes rated_requests.csv and prints the gold values of tests/analysis:
# participants and requests as crossed random effects, by lmerTest (REML, Satterthwaite) and, of
# the same ratings as five categories, by clmm. Packages: lmerTest, ordinal.
suppressMessages({library(lmerTest); library(ordinal)})
set.seed(12)
rated <- expand.grid(p = 1:12, round = 1:8, arm = c("rag", "hare", "gpt2"))
orders <- t(replicate(12, sample(8)))
rated$request <- orders[cbind(rated$p, rated$round)]
rated$time <- rated$round - 4.5
own <- as.integer(interaction(rated$p, rated$arm))
item <- as.integer(interaction(rated$request, rated$arm))
rated$rating <- round(
  3 + 0.3 * (rated$arm == "hare") + 0.05 * rated$time * (rated$arm == "hare") +
    rnorm(12, 0, 0.5)[rated$p] + rnorm(36, 0, 0.4)[own] + rnorm(36, 0, 0.15)[own] * rated$time +
    rnorm(8, 0, 0.4)[rated$request] + rnorm(24, 0, 0.4)[item] + rnorm(288, 0, 0.6), 2)
write.csv(rated[c("p", "round", "arm", "request", "rating")], "rated_requests.csv",
          row.names = FALSE, quote = FALSE)

fit <- lmer(rating ~ arm * time + (1 | p) + (1 | p:arm) + (0 + time | p:arm) + (1 | request) +
              (1 | request:arm), rated)
print(coef(summary(fit)), digits = 8)
print(as.data.frame(VarCorr(fit)), digits = 8)
print(logLik(fit), digits = 10)

rated$category <- factor(pmin(pmax(round(rated$rating), 1), 5), ordered = TRUE)
rated$own <- interaction(rated$p, rated$arm)
rated$item <- interaction(rated$request, rated$arm)
fine <- clmm.control(grtol = 1e-7, gradTol = 1e-8)
slopes <- clmm(category ~ arm * time + (1 | p) + (1 | own) + (0 + time | own), rated,
               control = fine)
print(coef(summary(slopes)), digits = 8)
print(VarCorr(slopes), digits = 8)
print(logLik(slopes), digits = 10)
crossed <- clmm(category ~ arm * time + (1 | p) + (1 | own) + (0 + time | own) + (1 | request) +
                  (1 | item), rated, control = fine)
print(coef(summary(crossed)), digits = 8)
print(VarCorr(crossed), digits = 8)
print(logLik(crossed), digits = 10)
