# Data: Shrout and Fleiss (1979), Psychological Bulletin 86, table 2: six targets rated by four
# judges. Writes judges.csv and prints the gold values of tests/analysis. Package: psych.
judges <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7),
                 ncol = 4, byrow = TRUE, dimnames = list(NULL, paste0("judge", 1:4)))
write.csv(judges, "judges.csv", row.names = FALSE, quote = FALSE)
print(psych::ICC(judges, lmer = FALSE)$results, digits = 10)
# ICC1 .1657417684, ICC2 .2897637795, ICC3 .7148407148 and ICC1k, ICC2k, ICC3k with their limits
