# Gold values of the post-hoc procedures in tests/analysis. Base R, and what is named below.
ratings <- c(4.1, 3.6, 4.8, 3.3, 4.0, 3.2, 3.9, 3.1, 3.0, 4, 2.5, 2.2, 3.0, 2.9, 2)
arm <- factor(rep(c("hare", "rag", "gpt2"), each = 5), c("hare", "rag", "gpt2"))
for (method in c("none", "holm", "BH"))
  print(pairwise.t.test(ratings, arm, paired = TRUE, p.adjust.method = method)$p.value, digits = 9)

# Aligned rank transform by its definition: residual of the cell mean plus one estimated effect,
# ranked, and the F of that effect alone from a within-participant analysis of variance.
y <- c(3, 4, 2, 5, 1, 2, 4, 4, 3, 5, 2, 2, 2, 5, 4, 3, 3, 1, 5, 3, 2, 4, 1, 1,
       4, 4, 3, 5, 2, 3, 1, 5, 5, 2, 2, 1)
d <- expand.grid(round = factor(1:3), arm = factor(c("a", "b")), id = factor(1:6))
cell <- ave(y, d$arm, d$round)
main <- function(f) ave(y, f) - mean(y)
effects <- list(arm = main(d$arm), round = main(d$round))
effects$`arm:round` <- cell - mean(y) - effects$arm - effects$round
for (name in names(effects)) {
  r <- rank(round(y - cell + effects[[name]], 10))
  fit <- summary(aov(r ~ arm * round + Error(id / (arm * round)), d))
  print(as.data.frame(fit[[paste0("Error: id:", name)]][[1]])[1, ], digits = 9)
}

# Estimated marginal means of the model in rated_rounds.R. Packages: lmerTest, emmeans.
suppressMessages({library(lmerTest); library(emmeans)})
rated <- read.csv("rated_rounds.csv")
rated$arm <- factor(rated$arm, c("rag", "hare", "gpt2"))
rated$time <- rated$round - 3.5
fit <- lmer(rating ~ arm * time + (1 | p) + (1 | p:arm) + (0 + time | p:arm), rated)
means <- emmeans(fit, ~ arm | time, at = list(time = c(0, 2.5)), lmer.df = "satterthwaite")
print(data.frame(means)[c("arm", "time", "emmean", "SE", "df")], digits = 9)
own <- list("hare - others" = c(-0.5, 1, -0.5), "rag - gpt2" = c(1, 0, -1))
print(data.frame(contrast(means, own)), digits = 9)

# The regression of the same ratings with errors clustered by participant. Packages: sandwich,
# geepack; its robust errors are those before Mancl and DeRouen's correction.
suppressMessages({library(sandwich); library(geepack)})
flat <- lm(rating ~ arm * time, rated)
print(sqrt(diag(vcovCL(flat, cluster = rated$p, type = "HC1"))), digits = 9)
rated <- rated[order(rated$p), ]
gee <- geeglm(rating ~ arm * time, id = p, data = rated, corstr = "exchangeable")
print(coef(summary(gee))[1:2], digits = 9)
