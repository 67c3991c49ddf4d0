"""Writes mabwiser_linucb.csv: LinUCB of mabwiser on a seeded stream, one row a round.

Run with mabwiser 2.7.0 and numpy 1.26.4 (mabwiser 2.7.0 does not know numpy 2):

    python tests/gold/mabwiser_linucb.py

x0..x4 is the context, r0..r7 what each arm would have paid, decision what mabwiser chose, score
its upper confidence bound. lambda is 1: mabwiser 2.7 starts an arm's A^-1 at lambda * I instead of
I / lambda, which is right at 1 alone.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from mabwiser.mab import (  # pyright: ignore[reportMissingImports]  # no requirement of ours
    MAB,
    LearningPolicy,
)

ROUNDS, ARMS, FEATURES, ALPHA = 250, 8, 5, 0.7

rng = np.random.default_rng(20)
contexts = rng.normal(size=(ROUNDS, FEATURES))
contexts = np.round(contexts / np.linalg.norm(contexts, axis=1, keepdims=True), 3)
truth = rng.normal(size=(FEATURES, ARMS)) / 2
rewards = np.round(contexts @ truth + rng.normal(0, 0.2, size=(ROUNDS, ARMS)), 3)

bandit = MAB(list(range(ARMS)), LearningPolicy.LinUCB(alpha=ALPHA, l2_lambda=1.0))
names = [f"x{i}" for i in range(FEATURES)] + [f"r{i}" for i in range(ARMS)]
with (Path(__file__).parent / "mabwiser_linucb.csv").open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*names, "decision", "score"])
    for t in range(ROUNDS):
        x = contexts[t : t + 1]
        if t == 0:  # before the first fit mabwiser decides nothing; all arms are equal, 0 is first
            decision, score = 0, ALPHA * float(np.sqrt(np.sum(x * x)))
            bandit.fit([decision], [rewards[t, decision]], x)
        else:
            chosen: Any = bandit.predict(x)  # plain values for a single row
            expected: Any = bandit.predict_expectations(x)
            decision, score = int(chosen), float(expected[chosen])
            bandit.partial_fit([decision], [rewards[t, decision]], x)
        writer.writerow([*contexts[t], *rewards[t], decision, f"{score:.12g}"])
