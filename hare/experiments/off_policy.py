"""Off-policy evaluation on the Open Bandit Dataset, both ways, against what was measured on policy.

uniform  The click rate of showing every item alike is measured on the `random` log, and estimated
         from the `bts` log by reweighting.
bts      The click rate of Thompson sampling is measured on the `bts` log, and estimated from the
         `random` log. Its chances changed with time and are logged for the shown item alone, so the
         target is its average policy, the share of each item at each position in the `bts` log:
         the same click rate in expectation if an item's appeal stayed the same over the week. The
         intervals take these shares as known.

Propensities are per position, so every estimate is given for each position and for all rows.

Few clicks under heavy weights make skewed estimates, whose intervals promise too much. So the same
comparison is repeated on simulated clicks that know only the item: the propensities are right then
and both logs see one truth, and the share of intervals that agree says what agreement is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder
from tqdm import tqdm

from hare.errors import SettingsError
from hare.simulation.off_policy import (
    OffPolicyEstimate,
    cross_fit,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)
from hare.simulation.open_bandit import POSITIONS, BanditLog, OpenBandit, read_open_bandit

Array = NDArray[np.float64]
METHODS = ("measured", "ips", "snips", "dr")
PRIOR_ROWS = 400  # at the mean click rate, added to each item's rows in the simulation
POWER = 0.8  # of the smallest detectable difference, at a two-sided level of 5%


@dataclass(frozen=True, slots=True)
class Row:
    """One estimate of one target's click rate.

    log, target        whose rows, whose click rate
    position           all, 1, 2 or 3
    method             measured (the target's own log), ips, snips or dr
    *_low, *_high      95% intervals: normal, and bootstrap over rows
    difference         estimate less the measured rate, with its normal 95% interval; the two logs
                       are independent. agrees: that interval holds zero. None where measured.
    detectable         smallest true difference from the measured rate that would be found with
                       80% power at these standard errors
    simulated_agreement  share of simulated pairs of logs in which this interval would agree; 0.95
                       if it kept its promise
    """

    log: str
    target: str
    position: str
    method: str
    rows: int
    clicks: int
    estimate: float
    standard_error: float
    normal_low: float
    normal_high: float
    bootstrap_low: float
    bootstrap_high: float
    effective_sample_size: float
    mean_weight: float
    max_weight: float
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    agrees: bool | None = None
    detectable: float | None = None
    simulated_agreement: float | None = None


def off_policy(
    data: Path,
    campaign: str = "men",
    seed: int = 1,
    resamples: int = 2000,
    simulations: int = 500,
) -> list[dict[str, Any]]:
    """One row a target, position and method. `data` is a folder as `open_bandit` describes it."""
    if simulations < 1:
        raise SettingsError("simulations", simulations, "must be at least 1")
    logs = read_open_bandit(data, campaign)
    models = {log.policy: _click_model(log, logs.n_items, seed) for log in (logs.random, logs.bts)}
    rows = _compare(logs, models, seed, resamples)
    agreed = np.zeros(len(rows))
    rng = np.random.default_rng([seed, 2])
    for _ in tqdm(range(simulations), desc="simulated logs", leave=False):
        agreed += [bool(row.agrees) for row in _compare(_simulated(logs, rng), models, seed, 2)]
    return [
        asdict(row if row.agrees is None else replace(row, simulated_agreement=share))
        for row, share in zip(rows, (agreed / simulations).tolist(), strict=True)
    ]


def _compare(logs: OpenBandit, models: Mapping[str, Array], seed: int, resamples: int) -> list[Row]:
    uniform = np.full((len(POSITIONS), logs.n_items), 1 / logs.n_items)
    average = _average_policy(logs.bts, logs.n_items)
    rows: list[Row] = []
    for target, policy, own, other in (
        ("uniform", uniform, logs.random, logs.bts),
        ("bts", average, logs.bts, logs.random),
    ):
        predicted = models[other.policy]
        for position in ("all", *map(str, POSITIONS)):
            measured = _measured(own, target, position, seed, resamples)
            rows.append(measured)
            rows += _estimated(
                other, target, position, policy, predicted, measured, seed, resamples
            )
    return rows


def _simulated(logs: OpenBandit, rng: np.random.Generator) -> OpenBandit:
    """The same items shown, clicked with one chance an item: its rate in both logs, smoothed."""
    items = np.concatenate([logs.random.items, logs.bts.items])
    clicks = np.concatenate([logs.random.clicks, logs.bts.clicks])
    shown = np.bincount(items, minlength=logs.n_items)
    clicked = np.bincount(items, clicks, logs.n_items)
    chances = (clicked + PRIOR_ROWS * clicks.mean()) / (shown + PRIOR_ROWS)

    def drawn(log: BanditLog) -> BanditLog:
        return replace(log, clicks=(rng.random(len(log)) < chances[log.items]).astype(np.float64))

    return replace(logs, random=drawn(logs.random), bts=drawn(logs.bts))


def _average_policy(log: BanditLog, n_items: int) -> Array:
    """(3, K) the share of each item among a position's rows."""
    counts = np.zeros((len(POSITIONS), n_items))
    np.add.at(counts, (log.positions - 1, log.items), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def _click_model(log: BanditLog, n_items: int, seed: int) -> Array:
    """(n, K) cross-fitted chances of a click, by logistic regression on position, user and item."""
    seen = np.column_stack([log.positions.astype(str), log.users])
    contexts = OneHotEncoder(sparse_output=False).fit_transform(seen)
    model = LogisticRegression(max_iter=1000)
    return cross_fit(model, contexts, log.items, log.clicks, n_items, seed=seed)


def _measured(own: BanditLog, target: str, position: str, seed: int, resamples: int) -> Row:
    keep = _at(own, position)
    played = own.propensities[keep]  # the target plays as the log did: every weight is 1
    found = inverse_propensity(own.clicks[keep], played, played, seed=seed, resamples=resamples)
    return _row(own, keep, target, position, "measured", found)


def _estimated(
    other: BanditLog,
    target: str,
    position: str,
    policy: Array,
    predicted: Array,
    measured: Row,
    seed: int,
    resamples: int,
) -> list[Row]:
    keep = _at(other, position)
    clicks, items = other.clicks[keep], other.items[keep]
    chances = policy[other.positions[keep] - 1]  # (n, K)
    logged = other.propensities[keep]
    played = chances[np.arange(len(items)), items]
    found = (
        inverse_propensity(clicks, logged, played, seed=seed, resamples=resamples),
        self_normalised(clicks, logged, played, seed=seed, resamples=resamples),
        doubly_robust(
            clicks, items, logged, chances, predicted[keep], seed=seed, resamples=resamples
        ),
    )
    return [_row(other, keep, target, position, each.method, each, measured) for each in found]


def _at(log: BanditLog, position: str) -> NDArray[np.bool_]:
    return np.ones(len(log), dtype=bool) if position == "all" else log.positions == int(position)


def _row(
    log: BanditLog,
    keep: NDArray[np.bool_],
    target: str,
    position: str,
    method: str,
    found: OffPolicyEstimate,
    measured: Row | None = None,
) -> Row:
    against: dict[str, Any] = {}
    if measured is not None:
        difference = found.estimate - measured.estimate
        error = float(np.hypot(found.standard_error, measured.standard_error))
        half = float(stats.norm.ppf(0.975)) * error
        against = {
            "difference": difference,
            "difference_low": difference - half,
            "difference_high": difference + half,
            "agrees": abs(difference) <= half,
            "detectable": float(stats.norm.ppf(0.975) + stats.norm.ppf(POWER)) * error,
        }
    return Row(
        log=log.policy,
        target=target,
        position=position,
        method=method,
        rows=found.rows,
        clicks=int(log.clicks[keep].sum()),
        estimate=found.estimate,
        standard_error=found.standard_error,
        normal_low=found.normal_interval[0],
        normal_high=found.normal_interval[1],
        bootstrap_low=found.bootstrap_interval[0],
        bootstrap_high=found.bootstrap_interval[1],
        effective_sample_size=found.effective_sample_size,
        mean_weight=found.mean_weight,
        max_weight=found.max_weight,
        **against,
    )


def report(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as text, and what they can tell."""
    lines = [
        "Click rates in percent, with normal and bootstrap 95% intervals",
        f"{'target':8s} {'position':8s} {'method':9s} {'log':7s} {'clicks':>6s} {'rate':>7s}  "
        f"{'normal':15s} {'bootstrap':15s} {'effective':>9s} {'mean w':>6s} {'largest':>8s} agrees",
    ]
    for r in rows:
        lines.append(
            f"{r['target']:8s} {r['position']:8s} {r['method']:9s} {r['log']:7s} {r['clicks']:6d} "
            f"{100 * r['estimate']:7.3f}  {_interval(r, 'normal'):15s} "
            f"{_interval(r, 'bootstrap'):15s} {r['effective_sample_size']:9.0f} "
            f"{r['mean_weight']:6.2f} {r['max_weight']:8.1f} {_agreement(r)}"
        )
    return "\n".join([*lines, "", *_verdicts(rows)])


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The section of the results page: the rows over all positions, and what they can tell."""
    table = [
        "| target | method | log | clicks | click rate, % | normal 95% | bootstrap 95% "
        "| effective rows | mean weight | largest weight | agrees |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        if r["position"] == "all":
            table.append(
                f"| {r['target']} | {r['method']} | {r['log']} | {r['clicks']} "
                f"| {100 * r['estimate']:.3f} | {_interval(r, 'normal')} "
                f"| {_interval(r, 'bootstrap')} | {r['effective_sample_size']:.0f} "
                f"| {r['mean_weight']:.2f} | {r['max_weight']:.1f} | {_agreement(r)} |"
            )
    verdicts = "\n".join(f"- {line}" for line in _verdicts(rows))
    return f"""## Off-policy evaluation on the Open Bandit Dataset

`python -m hare.experiments off-policy --data DIR --json FILE`, on the small public version of the
dataset (Saito et al. 2020, arXiv:2008.07146). Each click rate is measured on the policy's own log
and estimated from the other policy's. "agrees": the 95% interval of the difference holds zero; in
parentheses, how often it does on simulated clicks where both logs see one truth. For `bts` the
target is its average policy over the week, see `hare/experiments/off_policy.py`.

{chr(10).join(table)}

{verdicts}
"""


def _verdicts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences about what agrees, and about how little the clicks can tell."""
    estimates = [r for r in rows if r["agrees"] is not None]
    agreeing = sum(r["agrees"] for r in estimates)
    whole = [r for r in estimates if r["position"] == "all"]
    shares = [r["simulated_agreement"] for r in estimates]
    sentences = [
        f"{sum(r['agrees'] for r in whole)} of {len(whole)} estimates over all positions agree "
        f"with the measured rate, and {agreeing} of {len(estimates)} when each position alone is "
        f"counted too{_apart(estimates)}.",
        "The intervals promise 95%. On simulated clicks that know only the item, where nothing is "
        f"wrong, the same intervals agree in {min(shares):.0%} to {max(shares):.0%} of the logs, "
        f"{np.mean(shares):.0%} on average: "
        "few clicks under large weights are too skewed for them.",
    ]
    for target in dict.fromkeys(r["target"] for r in rows):
        of_target = {
            r["method"]: r for r in rows if r["target"] == target and r["position"] == "all"
        }
        measured = of_target["measured"]
        width = measured["normal_high"] - measured["normal_low"]
        sentences.append(
            f"{target}: {measured['clicks']} clicks in {measured['rows']:,} rows measure "
            f"{100 * measured['estimate']:.2f}%; the interval is "
            f"{_share(width, measured)} of the rate wide."
        )
        others = [of_target[method] for method in METHODS[1:]]
        sentences.append(
            f"{target}, estimated: intervals "
            + ", ".join(
                f"{r['method']} {_share(r['normal_high'] - r['normal_low'], measured)}"
                for r in others
            )
            + f" of the measured rate wide ({others[0]['rows']:,} rows are worth "
            f"{others[0]['effective_sample_size']:.0f}). The smallest difference that would be "
            f"found with {POWER:.0%} power is "
            + ", ".join(f"{r['method']} {_share(r['detectable'], measured)}" for r in others)
            + " of the measured rate: agreement rules out gross errors, no more."
        )
    return sentences


def _apart(estimates: Sequence[Mapping[str, Any]]) -> str:
    """Where estimates and measurement disagree, in words."""
    apart: dict[tuple[str, str], list[str]] = {}
    for r in estimates:
        if not r["agrees"]:
            apart.setdefault((r["target"], r["position"]), []).append(r["method"])
    places = [
        f"{target} at {'all positions' if position == 'all' else f'position {position}'} "
        f"({', '.join(methods)})"
        for (target, position), methods in apart.items()
    ]
    return f"; apart are {' and '.join(places)}" if places else ""


def _agreement(row: Mapping[str, Any]) -> str:
    if row["agrees"] is None:
        return ""
    return f"{'yes' if row['agrees'] else 'no'} ({row['simulated_agreement']:.0%})"


def _share(value: float, measured: Mapping[str, Any]) -> str:
    return f"{value / measured['estimate']:.0%}" if measured["estimate"] > 0 else "many times"


def _interval(row: Mapping[str, Any], kind: str) -> str:
    return f"{100 * row[f'{kind}_low']:.3f} to {100 * row[f'{kind}_high']:.3f}"
