# Gold values of the post-hoc procedures in tests/analysis. Packages: base R.
ratings <- c(4.1, 3.6, 4.8, 3.3, 4.0, 3.2, 3.9, 3.1, 3.0, 4, 2.5, 2.2, 3.0, 2.9, 2)
arm <- factor(rep(c("hare", "rag", "gpt2"), each = 5), c("hare", "rag", "gpt2"))
for (method in c("none", "holm", "BH"))
  print(pairwise.t.test(ratings, arm, paired = TRUE, p.adjust.method = method)$p.value, digits = 9)
