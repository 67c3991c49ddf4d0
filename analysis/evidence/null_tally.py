"""Counting what the confirmatory analysis says about studies in which there is nothing to find.

The studies come from the platform (`python -m study_app null-studies`): one system under several
labels, so every rejection is false and every interval that leaves out zero is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.confirmatory import ContrastResult, FamilyResult, contrast_label
from analysis.errors import InputError
from analysis.evidence.rates import Rate, rate

Key = tuple[str, str, str]  # family, contrast, test


class NullTally:
    """False positives, by contrast and test, and by family.

    >>> NullTally(0.05).summary()
    {'studies': 0, 'tests': [], 'families': []}
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        self.studies = 0
        self._estimable: Counter[Key] = Counter()
        self._rejected: Counter[Key] = Counter()
        self._covered: Counter[Key] = Counter()
        self._intervals: Counter[Key] = Counter()
        self._families: Counter[str] = Counter()

    def add(self, families: Sequence[FamilyResult]) -> None:
        """Count one study; families are those that `confirm` returns."""
        self.studies += 1
        for family in families:
            for result in family.contrasts:
                self._count(family.name, result)
            self._families[family.name] += any(family.rejected(r) for r in family.contrasts)
        self._families["any family"] += any(
            family.rejected(r) for family in families for r in family.contrasts
        )

    def summary(self) -> dict[str, Any]:
        """The counts as rates with intervals, ready for JSON.

        A test that could not be estimated rejects nothing and counts as a study all the same.
        """
        tests = [
            {
                "family": family,
                "contrast": contrast,
                "test": test,
                "estimable": self._estimable[key],
                "false_positives": rate(self._rejected[key], self.studies),
                "coverage": rate(self._covered[key], self._intervals[key]),
            }
            for key in self._estimable
            for family, contrast, test in [key]
        ]
        families = [
            {"family": name, "false_positives": rate(count, self.studies)}
            for name, count in self._families.items()
        ]
        return {"studies": self.studies, "tests": tests, "families": families}

    def _count(self, family: str, result: ContrastResult) -> None:
        label = contrast_label(result.contrast)
        for test in (result.test, *result.sensitivity):
            key = (family, label, test.test)
            self._estimable[key] += test.estimable
            self._rejected[key] += test.p is not None and test.p <= self.alpha
            interval = None if test.estimate is None else test.estimate.interval
            if interval is not None:
                self._intervals[key] += 1
                self._covered[key] += interval.low <= 0.0 <= interval.high


def together(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of several runs of null studies, added up: `studies`, `tests` and `families`.

    InputError for runs of different protocols, which are no studies of the same thing.

    >>> run = NullTally(0.05).summary() | {"protocol_hash": "a"}
    >>> together([run, run])
    {'studies': 0, 'tests': [], 'families': []}
    """
    for run in runs[1:]:
        if run["protocol_hash"] != runs[0]["protocol_hash"]:
            raise InputError(
                f"protocol_hash = {run['protocol_hash']!r}: the first run has "
                f"{runs[0]['protocol_hash']!r}, and runs of different protocols do not add up"
            )
    tests = [
        {
            **{name: rows[0][name] for name in ("family", "contrast", "test")},
            "estimable": sum(row["estimable"] for row in rows),
            "false_positives": _added([row["false_positives"] for row in rows]),
            "coverage": _added([row["coverage"] for row in rows]),
        }
        for rows in zip(*(run["tests"] for run in runs), strict=True)
    ]
    families = [
        {
            "family": rows[0]["family"],
            "false_positives": _added([row["false_positives"] for row in rows]),
        }
        for rows in zip(*(run["families"] for run in runs), strict=True)
    ]
    return {
        "studies": sum(run["studies"] for run in runs),
        "tests": tests,
        "families": families,
    }


def _added(shares: Sequence[Rate]) -> Rate:
    return rate(sum(share["count"] for share in shares), sum(share["of"] for share in shares))
