# Data: `md_12.1` of afex (Maxwell and Delaney 2004, Designing Experiments, table 12.1), 10 people
# who name letters at three angles with and without noise. Writes reaction_times.csv and prints the
# gold values of tests/analysis: F, both epsilons, corrected p, generalized eta squared, and the
# same for two other tables. Packages: afex, effectsize.
suppressMessages(library(afex))
wide <- function(data, id, ...) {
  fit <- aov_ez(id, "y", data, within = c(...), anova_table = list(es = c("ges", "pes")))
  print(as.data.frame(fit$anova_table), digits = 10)
  print(suppressWarnings(summary(fit))$pval.adjustments, digits = 10)
  print(unclass(suppressWarnings(summary(fit))$univariate.tests), digits = 10)
}

data(md_12.1)
times <- reshape(transform(md_12.1, cell = paste(noise, angle, sep = "_"))[c("id", "cell", "rt")],
                 idvar = "id", timevar = "cell", direction = "wide")
names(times) <- sub("rt.", "", names(times), fixed = TRUE)
write.csv(times, "reaction_times.csv", row.names = FALSE, quote = FALSE)
wide(transform(md_12.1, y = rt), "id", "noise", "angle")

sleep <- read.csv("sleepstudy.csv")
wide(transform(sleep, y = Reaction, day = factor(Days)), "Subject", "day")

rated <- read.csv("rated_rounds.csv")
wide(transform(rated, y = rating, round = factor(round)), "p", "arm", "round")

# 90% interval of partial eta squared from the noncentral F, sphericity assumed
f <- c(33.76595745, 40.71910112, 45.31034483)
print(effectsize::F_to_eta2(f, c(1, 2, 2), c(9, 18, 18), ci = 0.90, alternative = "two.sided"),
      digits = 8)
