"""D: simulated raters over ten rounds: what does each arm earn, round by round, and is it the user?

The raters' taste is computed from the text alone, by TF-IDF classifiers and the grammar checker
(`hare.simulation.raters`); the arms' encoder plays no part. Every arm answers the same request of
the same rater in each round, with the same noise in the ratings; only arms that learn see their
ratings. BERTScore-MiniLM compares a text with one ideal text of the rater's cell; its vectors are
those of HARE's encoder, so it stands beside the ratings and not in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from hare.arms.interface import Arm, Request
from hare.data.corpus import compose, load_corpus
from hare.data.skills import LEVELS, format_skill
from hare.errors import SettingsError
from hare.experiments.statistics import Interval, mean_interval, paired_difference
from hare.metrics.bertscore import BertScoreMiniLM
from hare.simulation.raters import Rater, population, read

Array = NDArray[np.float64]
ITEMS = ("relevance", "personalization")  # whose mean is the reward
BASELINE_TEXTS = 60  # of the random-pair baseline of BERTScore


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One arm: (raters, rounds) each.

    rating      expected mean rating, in points
    liked       whether the text is of a domain that the rater wishes for
    bertscore   F with the ideal text; nan in rounds where it was not measured
    entropy     H(A) in nats; nan for an arm without attention
    """

    rating: Array
    liked: Array
    bertscore: Array
    entropy: Array


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Who asks what, the same for every arm.

    queries    (raters, rounds) wordings that training has not seen, each task at most once
    ideals     (raters, rounds) texts of the rater's first domain, level and the task
    held_out   (raters, rounds) whether that domain and task are held out of pool and training
    seeds      (raters, rounds)
    """

    raters: tuple[Rater, ...]
    queries: NDArray[np.object_]
    ideals: NDArray[np.object_]
    held_out: NDArray[np.bool_]
    seeds: NDArray[np.int64]


def draw_plan(raters: int, rounds: int, seed: int) -> Plan:
    """Raters and their requests."""
    corpus = load_corpus()
    tasks, domains = list(corpus.tasks), list(corpus.domains)
    if not 1 <= rounds <= len(tasks):
        raise SettingsError("rounds", rounds, f"must be in 1..{len(tasks)}: no task twice")
    people = tuple(population(raters, seed))
    rng = np.random.default_rng([seed, 2])
    shape = (len(people), rounds)
    queries, ideals = np.empty(shape, dtype=object), np.empty(shape, dtype=object)
    held_out = np.zeros(shape, dtype=bool)
    for i, person in enumerate(people):
        domain = domains[int(np.argmax(person.wishes))]
        for t, k in enumerate(rng.permutation(len(tasks))[:rounds]):
            wordings = corpus.tasks[tasks[k]].requests["test"]
            queries[i, t] = wordings[int(rng.integers(len(wordings)))]
            ideal = compose(corpus, domain, tasks[k], LEVELS[person.level], rng)
            ideals[i, t] = format_skill(ideal)
            held_out[i, t] = corpus.held_out(domain, tasks[k])
    return Plan(people, queries, ideals, held_out, rng.integers(2**31, size=shape))


def play(
    arms: Mapping[str, Arm], plan: Plan, seed: int, scored: Sequence[int] = ()
) -> dict[str, Played]:
    """Play every arm.

    scored   rounds, from 1, in which BERTScore is measured
    """
    metric = BertScoreMiniLM() if scored else None
    return {name: _play(name, arm, plan, seed, scored, metric) for name, arm in arms.items()}


def _play(
    name: str,
    arm: Arm,
    plan: Plan,
    seed: int,
    scored: Sequence[int],
    metric: BertScoreMiniLM | None,
) -> Played:
    count, rounds = plan.queries.shape
    rating, liked = np.zeros((count, rounds)), np.zeros((count, rounds))
    bertscore, entropy = np.full((count, rounds), np.nan), np.full((count, rounds), np.nan)
    states = [arm.initial_state() for _ in plan.raters]
    for t in tqdm(range(rounds), desc=name, leave=False):
        queries = [str(query) for query in plan.queries[:, t]]
        answers = arm.recommend(
            [
                Request(query, state, int(draw))
                for query, state, draw in zip(queries, states, plan.seeds[:, t], strict=True)
            ]
        )
        for i, (person, answer) in enumerate(zip(plan.raters, answers, strict=True)):
            noise = np.random.default_rng([seed, 3, i, t])  # the same for every arm
            rating[i, t] = _mean(person.expected(answer.text, queries[i]))
            liked[i, t] = person.wishes[int(read(answer.text).domain.argmax())] > 0.5
            reward = (_mean(person.rate(answer.text, queries[i], noise)) - 1) / 4
            states[i] = arm.learn(states[i], answer, reward)
            if answer.diagnostics.entropy is not None:
                entropy[i, t] = answer.diagnostics.entropy
        if metric is not None and t + 1 in scored:
            ideals = [str(ideal) for ideal in plan.ideals[:, t]]
            bertscore[:, t] = metric.score([answer.text for answer in answers], ideals).f1
    return Played(rating, liked, bertscore, entropy)


def measure_text_curve(
    arms: Mapping[str, Arm], raters: int, rounds: int, seed: int, treatment: str = "hare"
) -> dict[str, Any]:
    """Points by arm and round, contrasts of the treatment with every other arm, and verdicts.

    raters   at least 3

    BERTScore is measured in the first, the middle and the last round.
    """
    if raters < 3:
        raise SettingsError("raters", raters, "must be at least 3")
    plan = draw_plan(raters, rounds, seed)
    scored = sorted({1, (rounds + 1) // 2, rounds})
    played = play(arms, plan, seed, scored)
    baseline = BertScoreMiniLM().random_pair_baseline(
        [str(ideal) for ideal in plan.ideals.ravel()[:BASELINE_TEXTS]], seed=seed
    )
    found: dict[str, Any] = {
        "raters": raters,
        "rounds": rounds,
        "seed": seed,
        "bertscore_baseline": baseline.f1,
        "points": [row for name, own in played.items() for row in _points(name, own)],
        "contrasts": [],
        "verdicts": [],
    }
    if treatment in played:
        own = played[treatment]
        others = {name: other for name, other in played.items() if name != treatment}
        for name, other in others.items():
            found["contrasts"] += _contrasts(treatment, own, name, other, plan.held_out)
        found["verdicts"] = verdicts(found["contrasts"], treatment)
    return found


def _points(name: str, own: Played) -> list[dict[str, Any]]:
    rows = []
    for t in range(own.rating.shape[1]):
        rating = mean_interval(own.rating[:, t])
        measured = not np.isnan(own.bertscore[:, t]).any()
        attends = not np.isnan(own.entropy[:, t]).any()
        rows.append(
            {
                "arm": name,
                "round": t + 1,
                "rating": rating.value,
                "rating_ci_low": rating.low,
                "rating_ci_high": rating.high,
                "liked_domain": float(own.liked[:, t].mean()),
                "bertscore": float(own.bertscore[:, t].mean()) if measured else None,
                "entropy": float(own.entropy[:, t].mean()) if attends else None,
            }
        )
    return rows


def _contrasts(
    treatment: str, own: Played, name: str, other: Played, held_out: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """treatment - other in points: by round, over all rounds, as a slope, and by kind of cell."""
    difference = own.rating - other.rating
    rounds = difference.shape[1]
    rows = [
        _row(
            treatment,
            name,
            f"round {t + 1}",
            paired_difference(own.rating[:, t], other.rating[:, t]),
        )
        for t in range(rounds)
    ]
    rows.append(_row(treatment, name, "all rounds", mean_interval(difference.mean(axis=1))))
    if rounds > 1:
        centred = np.arange(rounds) - (rounds - 1) / 2
        slopes = difference @ centred / (centred @ centred)
        rows.append(_row(treatment, name, "slope a round", mean_interval(slopes)))
    for what, cells in (("held-out cells", held_out), ("seen cells", ~held_out)):
        some = cells.any(axis=1)
        if some.sum() >= 3:
            means = [float(d[c].mean()) for d, c in zip(difference[some], cells[some], strict=True)]
            rows.append(_row(treatment, name, what, mean_interval(means)))
    return rows


def _row(treatment: str, name: str, what: str, interval: Interval) -> dict[str, Any]:
    return {
        "treatment": treatment,
        "comparator": name,
        "what": what,
        "difference": interval.value,
        "ci_low": interval.low,
        "ci_high": interval.high,
    }


def verdicts(contrasts: Sequence[Mapping[str, Any]], treatment: str) -> list[dict[str, str]]:
    """H2, H4 and H6 as these simulated raters judge: by intervals over raters, none of it evidence
    about people. A hypothesis whose arm was not played gets no verdict."""
    claims = {
        "H2": ("rag", ("all rounds", "slope a round")),
        "H4": ("hare_no_user", ("all rounds", "slope a round")),
        "H6": ("best_existing", ("all rounds",)),
    }
    rows = []
    for hypothesis, (comparator, needed) in claims.items():
        found = {
            c["what"]: c
            for c in contrasts
            if c["comparator"] == comparator and c["treatment"] == treatment
        }
        if not set(needed) <= set(found):
            continue
        lows = [found[what]["ci_low"] for what in needed]
        highs = [found[what]["ci_high"] for what in needed]
        verdict = "supported" if min(lows) > 0 else "not supported"
        if min(highs) < 0:
            verdict = "contradicted"
        reasons = [
            f"{what}: {found[what]['difference']:+.3f} "
            f"[{found[what]['ci_low']:+.3f}, {found[what]['ci_high']:+.3f}]"
            for what in needed
        ]
        rows.append({"hypothesis": hypothesis, "verdict": verdict, "reason": "; ".join(reasons)})
    return rows


def _mean(ratings: Mapping[str, float] | Mapping[str, int]) -> float:
    return float(np.mean([ratings[item] for item in ITEMS]))
