"""How often the confirmatory procedures err where there is nothing, and their intervals miss.

Type-I error of the paired t, the slope test, the exact signed-rank and the sign test, and the
family-wise error of the protocol's Holm families as a whole, on simulated ratings of no effect.
Coverage of the intervals of the mean, of the slope and of d_z, with and without an effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.evidence.batches import Tested, t_tests
from analysis.evidence.likert import LikertDesign, expected_difference, simulate
from analysis.evidence.rates import rate
from analysis.stats.arrays import Array
from analysis.stats.effects import cohens_dz
from analysis.stats.multiplicity import holm
from analysis.stats.ranks import sign_test, signed_rank
from analysis.stats.slopes import participant_slopes
from study_design import PILOT, Contrast, Protocol, families, load_protocol

ALPHA = 0.05
SIZES = (12, 24, 48)
SCENARIOS: Mapping[str, tuple[str, LikertDesign]] = {
    "ordinary": (
        "mean rating 3, liking of arms and its trend differ between participants",
        LikertDesign(),
    ),
    "ceiling": (
        "mean latent rating 4.4, nearly half of all ratings are 5; one participant in five "
        "drops out",
        LikertDesign(middle=4.4, dropout=0.2),
    ),
    "ties": (
        "4 rounds of ratings that hardly vary: many participants with a difference of zero",
        LikertDesign(
            *(24, 4), liking=0.15, item_liking=0.0, trend=0.02, text=0.2, noise=0.35, level=0.3
        ),
    ),
}
EFFECT = {"shift": 0.3, "drift": 0.04}


def error_rates(repetitions: int, few: int, seed: int) -> list[dict[str, Any]]:
    """A row for each scenario and size.

    repetitions  studies of every procedure but the interval of d_z, which is slow and takes the
                 first `few` of them
    """
    protocol = load_protocol(PILOT)
    seeds = iter(np.random.SeedSequence(seed).spawn(2 * len(SCENARIOS) * len(SIZES)))
    rows = []
    for name, (_, scenario) in SCENARIOS.items():
        for participants in SIZES:
            design = replace(
                *(scenario,),
                participants=participants,
                arms=len(protocol.arms),
                items=len(protocol.items),
            )
            row: dict[str, Any] = {"scenario": name, "participants": participants}
            row |= under_the_null(protocol, design, repetitions, next(seeds))
            row |= with_an_effect(replace(design, **EFFECT), repetitions, few, next(seeds))
            rows.append(row)
    return rows


def under_the_null(
    protocol: Protocol,
    design: LikertDesign,
    repetitions: int,
    seed: np.random.SeedSequence,
) -> dict[str, Any]:
    """False positives of each procedure and family, and coverage of zero."""
    count: Counter[str] = Counter()
    for ratings, present in batches(design, repetitions, np.random.default_rng(seed)):
        primary, slope = _primary(protocol, ratings, present)
        count["zeros"] += int(((primary.values == 0.0) & present).sum())
        count["kept"] += int(present.sum())
        for name, found in (("t", primary.tested), ("slope", slope.tested)):
            count[name] += int((found.p <= ALPHA).sum())
            inside, of = found.covered(0.0)
            count[f"{name} inside"] += inside
            count[f"{name} intervals"] += of
        count.update(_families(protocol, ratings, present))
        for values, kept in zip(primary.values, present, strict=True):
            own = values[kept]
            count["wilcox"] += _rejects(signed_rank(own, zeros="wilcox", bootstrap=False).p)
            count["pratt"] += _rejects(signed_rank(own, zeros="pratt", bootstrap=False).p)
            count["sign"] += _rejects(sign_test(own).p)
    tests = ("t", "slope", "wilcox", "pratt", "sign")
    names = (*tests, "F1", "F2", "F3", "any family")
    false = {name: rate(count[name], repetitions) for name in names}
    covered = {
        name: rate(count[f"{name} inside"], count[f"{name} intervals"]) for name in ("t", "slope")
    }
    return {
        "analysed": count["kept"] / repetitions,
        "zero_differences": count["zeros"] / count["kept"] if count["kept"] else 0.0,
        "false_positives": false,
        "coverage_of_zero": covered,
    }


def with_an_effect(
    design: LikertDesign, repetitions: int, few: int, seed: np.random.SeedSequence
) -> dict[str, Any]:
    """Coverage of the true mean difference, slope and d_z of a first arm that is better.

    Mean and slope are known in closed form; d_z is that of all simulated participants together.
    """
    by_round = expected_difference(design)
    truth = {"t": float(by_round.mean()), "slope": float(participant_slopes(by_round[None])[0])}
    count: Counter[str] = Counter()
    sums, kept_rows = np.zeros(3), list[Array]()
    for ratings, present in batches(design, repetitions, np.random.default_rng(seed)):
        difference = (ratings[:, :, :, 0, 0] - ratings[:, :, :, 1, 0]).astype(np.float64)
        values = difference.mean(axis=2)
        own = values[present]
        sums += (own.size, own.sum(), np.square(own).sum())
        for name, tested in (
            ("t", t_tests(values, present)),
            ("slope", t_tests(_slopes(difference), present)),
        ):
            inside, of = tested.covered(truth[name])
            count[name] += inside
            count[f"{name} intervals"] += of
        wanted = max(0, few - len(kept_rows))
        kept_rows += [row[keep] for row, keep in zip(values, present, strict=True)][:wanted]
    mean = sums[1] / sums[0]
    d_z = float(mean / np.sqrt(sums[2] / sums[0] - mean**2))
    intervals = [found.interval for row in kept_rows if (found := cohens_dz(row)).interval]
    inside = sum(i.low <= d_z <= i.high for i in intervals if i)
    covered = {name: rate(count[name], count[f"{name} intervals"]) for name in ("t", "slope")}
    covered["d_z"] = rate(inside, len(intervals))
    return {"truth": {**truth, "d_z": d_z}, "coverage": covered}


class _Differences:
    """A contrast's values (studies, participants), tested."""

    def __init__(self, values: Array, present: NDArray[np.bool_]) -> None:
        self.values = values
        self.tested: Tested = t_tests(values, present)


def batches(
    design: LikertDesign, repetitions: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """What `simulate` gives, as many studies at a time as fit, until there are `repetitions`."""
    for start in range(0, repetitions, design.batch):
        yield simulate(min(design.batch, repetitions - start), design, rng)


def _primary(
    protocol: Protocol, ratings: NDArray[np.float32], present: NDArray[np.bool_]
) -> tuple[_Differences, _Differences]:
    """The first contrast of F1 and the first of F2."""
    found = {family.name: family.contrasts[0] for family in families(protocol) if family.contrasts}
    return (
        _Differences(contrast_values(protocol, found["F1"], ratings), present),
        _Differences(contrast_values(protocol, found["F2"], ratings), present),
    )


def contrast_values(protocol: Protocol, contrast: Contrast, ratings: NDArray[np.float32]) -> Array:
    """(studies, participants): the difference of the means over rounds, or its slope."""
    item = [item.id for item in protocol.items].index(contrast.item)
    first, second = (
        protocol.arm_names.index(arm) for arm in (contrast.treatment, contrast.comparator)
    )
    by_round = (ratings[:, :, :, first, item] - ratings[:, :, :, second, item]).astype(np.float64)
    return _slopes(by_round) if contrast.kind == "slope" else by_round.mean(axis=2)


def _slopes(by_round: Array) -> Array:
    flat = participant_slopes(by_round.reshape(-1, by_round.shape[2]))
    return flat.reshape(by_round.shape[:2])


def _families(
    protocol: Protocol, ratings: NDArray[np.float32], present: NDArray[np.bool_]
) -> Counter[str]:
    """In how many studies each family rejects anything after Holm, and any of them."""
    count: Counter[str] = Counter()
    anything = np.zeros(len(ratings), dtype=bool)
    for family in families(protocol):
        p = np.column_stack(
            [t_tests(contrast_values(protocol, c, ratings), present).p for c in family.contrasts]
        )
        rejects = np.array([[_rejects(a) for a in holm(row.tolist())] for row in p])
        count[family.name] += int(rejects.any(axis=1).sum())
        anything |= rejects.any(axis=1)
    count["any family"] += int(anything.sum())
    return count


def _rejects(p: float | None) -> bool:
    return p is not None and p <= ALPHA
