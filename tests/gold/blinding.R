# Blinding indices of the CRISP trial (Bang, Ni and Davis 2004, table 7) and of Houweling et al.
# (2014), table 2, patients: the gold values of tests/analysis. Package: BI.
crisp <- matrix(c(82, 27, 25, 29, 170, 83), nrow = 3, byrow = TRUE)  # guess by true arm
invisible(lapply(BI::BI(crisp), print, digits = 10))
# James .7479275375 [.70532302, .7905320549]
# Bang .2057761733 [.13671274504, .2748396015] and .0143884892 [-.0911025788, .1198795572]
patients <- matrix(c(143, 104, 14, 57, 188, 175), nrow = 3, byrow = TRUE)
invisible(lapply(BI::BI(patients), print, digits = 10))
# James .7051162892 [.6738729925, .7363595859], Bang .3739130435 and -.1398809524
