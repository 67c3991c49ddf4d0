# Group-sequential boundaries: the gold values of tests/analysis. Package: gsDesign, whose own
# tolerance is 1e-6; its alpha is that of one side.
library(gsDesign)
bound <- function(...) print(gsDesign(..., alpha = 0.025)$upper$bound, digits = 10)
bound(k = 5, test.type = 1, sfu = sfLDOF)
# 4.876884949 3.357010993 2.680279581 2.289816682 2.031032215
bound(k = 5, test.type = 1, sfu = sfLDPocock)
# 2.437976688 2.426813689 2.410194122 2.396649301 2.385999729
bound(k = 5, test.type = 2, sfu = sfLDPocock)
# 2.437976688 2.426813688 2.410193820 2.396645436 2.385984651
bound(k = 3, timing = c(.3, .7, 1), test.type = 2, sfu = sfLDOF)
# 3.928572543 2.438742131 2.000008608
bound(k = 3, timing = c(.3, .7, 1), test.type = 1, sfu = sfLDPocock)
# 2.311835304 2.258346323 2.306182902
for (k in 2:5) bound(k = k, test.type = 2, sfu = "OF")
# last look: 1.977430964 2.004035534 2.024295610 2.040073297
for (k in 2:5) bound(k = k, test.type = 2, sfu = "Pocock")
# 2.178272096 2.289478075 2.361297918 2.413176263
design <- gsDesign(k = 5, test.type = 2, alpha = 0.025, beta = 0.1, sfu = "OF")
print(c(design$n.I[5], design$theta[2]), digits = 10)  # 1.026485854, 3.24151555 for power .9
