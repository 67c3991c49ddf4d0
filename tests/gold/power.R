# The smallest standardised paired difference that power.t.test detects, and power at a given one.
power.t.test(n = 20, power = 0.80, sig.level = 0.05, type = "paired", strict = TRUE)$delta  # 0.6604
power.t.test(n = 24, power = 0.80, sig.level = 0.05, type = "paired", strict = TRUE)$delta  # 0.597
power.t.test(n = 20, delta = 0.45, sig.level = 0.05, type = "paired", strict = TRUE)$power  # 0.48
power.t.test(power = 0.80, delta = 0.45, sig.level = 0.05, type = "paired", strict = TRUE)$n  # 40.72
