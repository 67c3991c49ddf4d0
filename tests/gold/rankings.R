# Data: simulated here, 12 participants who rank three arms in five rounds, 1 the best. Writes
# rankings.csv and prints the gold values of tests/analysis. A Plackett–Luce model is a Cox model
# whose strata are the rankings and whose times are the ranks. Package: survival.
library(survival)
set.seed(23)
arms <- c("rag", "hare", "gpt2")
own <- exp(sweep(matrix(rnorm(36, 0, 0.5), 12), 2, c(0, 0.6, -0.3), "+"))
rankings <- expand.grid(round = 1:5, p = 1:12)[c("p", "round")]
ranks <- t(sapply(rankings$p, function(p) rank(rexp(3) / own[p, ])))  # the fastest of a race wins
rankings[arms] <- ranks
write.csv(rankings, "rankings.csv", row.names = FALSE, quote = FALSE)

worths <- function(place, chosen) {
  long <- data.frame(game = rep(seq_len(nrow(ranks)), 3), place = c(place), chosen = c(chosen),
                     arm = factor(rep(arms, each = nrow(ranks)), arms))
  b <- coef(coxph(Surv(place, chosen) ~ arm + strata(game), long, ties = "breslow"))
  print(c(b, exp(c(0, b)) / sum(exp(c(0, b)))), digits = 9)
}
worths(ranks, ranks < 3)                        # the whole rankings
worths(pmin(ranks, 2), ranks == 1)              # the first places alone: the shares
print(colMeans(ranks == 1), digits = 9)
binom.test(sum(ranks[, 2] == 1), 60, 1 / 3)     # hare's first places
binom.test(110, 240, 1 / 3)
