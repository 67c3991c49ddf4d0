"""Who is analysed: the exclusions that the protocol pre-registers, and the flow of participants.

The rules are applied in a fixed order, and a participant is counted under the first that holds:
incomplete, attention checks failed, straight-lining.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.data.exports import Export
from analysis.stats.response_quality import straight_lining
from study_design.parts import Exclusions

ONLY_INCOMPLETE = Exclusions(complete_rounds=True, attention_failures=None, straight_lining=False)

INCOMPLETE = "incomplete"
ATTENTION = "attention checks failed"
STRAIGHT_LINING = "straight-lining"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One participant left out of the confirmatory analysis, by which rule and why."""

    participant: str
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Sample:
    """The participants that the analysis rests on, and all that happened on the way.

    consented     everyone who consented; nobody is stored before that
    screened_out  consented and turned out not eligible
    withdrawn     withdrew; their answers are deleted
    exclusions    left out by a pre-registered rule
    analysed      ids, in the order of the export
    """

    consented: int
    screened_out: int
    withdrawn: int
    exclusions: tuple[Exclusion, ...]
    analysed: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.analysed)

    def excluded(self, rule: str) -> int:
        """How many participants this rule excluded."""
        return sum(exclusion.rule == rule for exclusion in self.exclusions)

    def flow(self) -> tuple[tuple[str, int], ...]:
        """The steps from consent to analysis with their counts, in order."""
        eligible = self.consented - self.screened_out
        complete = eligible - self.withdrawn - self.excluded(INCOMPLETE)
        return (
            ("consented", self.consented),
            ("screened out", self.screened_out),
            ("eligible", eligible),
            ("withdrew", self.withdrawn),
            ("incomplete", self.excluded(INCOMPLETE)),
            ("completed", complete),
            (ATTENTION, self.excluded(ATTENTION)),
            (STRAIGHT_LINING, self.excluded(STRAIGHT_LINING)),
            ("analysed", self.n),
        )


def draw_sample(export: Export, rules: Exclusions | None = None) -> Sample:
    """Apply exclusion rules, the protocol's unless others are given, to an export.

    Without `complete_rounds`, participants with at least one committed round stay in.
    """
    participants = export.tables["participants"]
    rules = rules or export.protocol.analysis.exclusions
    rounds = export.protocol.rounds
    needed = rounds if rules.complete_rounds else 1
    flat = _straight_liners(export.tables["ratings"])
    exclusions: list[Exclusion] = []
    analysed: list[str] = []
    taking_part = participants[participants["status"].isin(["active", "completed"])]
    for row in taking_part.to_dict(orient="records"):
        participant, done = str(row["participant"]), int(row["rounds_completed"])
        failed = int(row["attention_failed"])
        finished = row["status"] == "completed" or not rules.complete_rounds
        limit = rules.attention_failures
        if done < needed or not finished:
            detail = f"{done} of {rounds} rounds committed"
            if done >= needed:
                detail += ", closing questions not answered"
            exclusions.append(Exclusion(participant, INCOMPLETE, detail))
        elif limit is not None and failed >= limit:
            detail = f"{failed} of {len(export.protocol.attention_checks)} attention checks failed"
            exclusions.append(Exclusion(participant, ATTENTION, detail))
        elif rules.straight_lining and participant in flat:
            detail = f"every rating of every round is {flat[participant]}"
            exclusions.append(Exclusion(participant, STRAIGHT_LINING, detail))
        else:
            analysed.append(participant)
    return Sample(
        consented=len(participants),
        screened_out=int((participants["status"] == "screened_out").sum()),
        withdrawn=int((participants["status"] == "withdrawn").sum()),
        exclusions=tuple(exclusions),
        analysed=tuple(analysed),
    )


def _straight_liners(ratings: pd.DataFrame) -> dict[str, int]:
    """The one rating that each of them gave, by participant."""
    rated = {
        str(participant): own.to_numpy(dtype=np.float64)
        for participant, own in ratings.groupby("participant")["rating"]
    }
    return {who: int(own[0]) for who, own in rated.items() if straight_lining(own[None])[0]}
