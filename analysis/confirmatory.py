"""The pre-registered tests: every contrast of the families F1 to F3, executed as written.

Per participant and item the difference of the means over rounds (or the slope of the difference
over rounds); paired t with the participant as the unit, Holm within the family. Signed-rank and
sign tests of the same differences are sensitivity analyses. Where the protocol plans several looks
at the data, Holm's procedure is the one of `analysis.sequential`; where it asks for gatekeeping, a
family is tested only when everything before it was rejected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from analysis.data.ratings import Ratings, mean_over_rounds
from analysis.data.study import Study
from analysis.sequential import Stage, level_text, stage_of
from analysis.stats.multiplicity import holm
from analysis.stats.paired import paired_t
from analysis.stats.ranks import sign_test, signed_rank
from analysis.stats.results import TestResult, number, p_text
from analysis.stats.slopes import participant_slopes, slope_test
from study_design import Contrast, Family, families

_NAMES = {"hare": "HARE", "rag": "RAG", "gpt2": "GPT-2"}


@dataclass(frozen=True, slots=True)
class ContrastResult:
    """One contrast, tested.

    participants  ids that have a value, in the order of `values`
    values        one a participant: difference of means in points, or its slope in points a round
    means         mean over participants of the treatment's and the comparator's means; None for
                  slopes or without participants
    p_adjusted    Holm-adjusted within the family; None when not estimable, and at a look
    level         at a look, what Holm's procedure compares p with; None otherwise
    sensitivity   signed-rank (wilcox and Pratt) and sign test of `values`
    """

    contrast: Contrast
    participants: tuple[str, ...]
    values: tuple[float, ...]
    means: tuple[float, float] | None
    test: TestResult
    sensitivity: tuple[TestResult, ...]
    p_adjusted: float | None = None
    level: float | None = None

    @property
    def label(self) -> str:
        """The contrast in words, e.g. "HARE − RAG, relevance"."""
        return contrast_label(self.contrast)

    def apa(self) -> str:
        """The contrast as a sentence of a results section."""
        test, estimate = self.test, self.test.estimate
        if test.statistic is None or estimate is None or estimate.value is None:
            return f"{self.label}: not estimable ({test.note})."
        first, second = arm_label(self.contrast.treatment), arm_label(self.contrast.comparator)
        item, slope = self.contrast.item, self.contrast.kind == "slope"
        digits = 3 if slope else 2
        size, more = number(abs(estimate.value), digits), estimate.value > 0
        even = not float(size)
        if slope and even:
            lead = f"The difference {first} − {second} on {item} stayed the same, "
            lead += f"a change of {size} points a round"
        elif slope:
            lead = f"The difference {first} − {second} on {item} "
            lead += f"{'grew' if more else 'fell'} by {size} points a round"
        elif even:
            lead = f"{first} and {second} were rated alike on {item}, "
            lead += f"a mean difference of {size} points"
        else:
            lead = f"{first} was rated {size} points {'higher' if more else 'lower'} than {second} "
            lead += f"on {item}"
        parts = [
            lead,
            *([estimate.interval.apa(digits)] if estimate.interval else []),
            f"t({test.df:g}) = {number(test.statistic)}",
            *self._p_texts(),
            test.effect("d_z").apa(),
        ]
        sentence = f"{', '.join(parts)}."
        return sentence[0].upper() + sentence[1:]

    def _p_texts(self) -> tuple[str, str]:
        p, level = self.test.p, self.level
        if p is None or level is None:
            return p_text(p), f"Holm-adjusted {p_text(self.p_adjusted)}"
        held = "at most" if p <= level else "above"
        return f"p = {level_text(p)}", f"{held} the level {level_text(level)} of this look"


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """A family of contrasts whose p-values are corrected together at `alpha`.

    stage   where the study stands, if the protocol plans several looks at the data
    closed  by gatekeeping: why the family is not tested; empty where it is
    """

    name: str
    title: str
    correction: str
    alpha: float
    contrasts: tuple[ContrastResult, ...]
    stage: Stage | None = None
    closed: str = ""

    def rejected(self, result: ContrastResult) -> bool | None:
        """Whether the null hypothesis is rejected; None when it could not be tested, or is not."""
        if self.closed:
            return None
        p, level = (
            (result.p_adjusted, self.alpha) if self.stage is None else (result.test.p, result.level)
        )
        return None if p is None or level is None else p <= level


def arm_label(arm: str) -> str:
    """How an arm is called in text.

    >>> arm_label("hare"), arm_label("hare_no_user")
    ('HARE', 'hare no user')
    """
    return _NAMES.get(arm, arm.replace("_", " "))


def contrast_label(contrast: Contrast) -> str:
    """treatment − comparator, item; with "slope of" for a trend over rounds."""
    pair = f"{arm_label(contrast.treatment)} − {arm_label(contrast.comparator)}"
    return f"{'slope of ' if contrast.kind == 'slope' else ''}{pair}, {contrast.item}"


def confirm(study: Study) -> tuple[FamilyResult, ...]:
    """Test every family of the protocol on the ratings of the analysed participants."""
    alpha, stage = study.protocol.analysis.alpha, stage_of(study.export)
    tested = [
        confirm_family(family, study.ratings, alpha, stage) for family in families(study.protocol)
    ]
    return gated(tested) if study.protocol.analysis.gatekeeping else tuple(tested)


def gated(families: Iterable[FamilyResult]) -> tuple[FamilyResult, ...]:
    """The families in order, each closed unless every null hypothesis before it is rejected.

    Serial gatekeeping. An error is made only in the first family in which a true null hypothesis is
    rejected, and Holm keeps the chance of that at alpha, so alpha holds over all of them.
    """
    found: list[FamilyResult] = []
    closed = ""
    for family in families:
        found.append(replace(family, closed=closed))
        kept = [r for r in family.contrasts if not found[-1].rejected(r)]
        if kept and not closed:
            closed = (
                f"not tested: gatekeeping, and {len(kept)} of the {len(family.contrasts)} null "
                f"hypotheses of {family.name} {'was' if len(kept) == 1 else 'were'} not rejected"
            )
    return tuple(found)


def confirm_family(
    family: Family, ratings: Ratings, alpha: float, stage: Stage | None = None
) -> FamilyResult:
    """Test the contrasts of one family and correct their p-values together.

    stage   None when the data are analysed once; before the first look nothing is tested
    """
    if stage and stage.too_early:
        results = [_untested(contrast, ratings, stage.too_early) for contrast in family.contrasts]
    else:
        results = [_test(contrast, ratings) for contrast in family.contrasts]
        p = [result.test.p for result in results]
        if stage is None:
            pairs = zip(results, holm(p), strict=True)
            results = [replace(result, p_adjusted=adjusted) for result, adjusted in pairs]
        else:
            pairs = zip(results, stage.holm_levels(p, alpha), strict=True)
            results = [replace(result, level=level) for result, level in pairs]
    return FamilyResult(family.name, family.title, family.correction, alpha, tuple(results), stage)


def _test(contrast: Contrast, ratings: Ratings) -> ContrastResult:
    by_round = ratings.difference(contrast.treatment, contrast.comparator, contrast.item)
    if contrast.kind == "slope" and ratings.rounds < 2:
        values, kept, means = np.empty(0), np.zeros(ratings.n, dtype=bool), None
        test = _explained(slope_test(np.empty((0, 2))), "a slope needs at least 2 rounds")
    elif contrast.kind == "slope":
        values = participant_slopes(by_round)
        kept = ~np.isnan(values)
        values, test, means = values[kept], slope_test(by_round), None
    else:
        first = ratings.means(contrast.treatment, contrast.item)
        second = ratings.means(contrast.comparator, contrast.item)
        values = mean_over_rounds(by_round)
        kept = np.ones(values.size, dtype=bool)
        test = paired_t(first, second)
        means = (float(first.mean()), float(second.mean())) if values.size else None
    people = tuple(p for p, keep in zip(ratings.participants, kept, strict=True) if keep)
    sensitivity = (
        signed_rank(values, zeros="wilcox"),
        signed_rank(values, zeros="pratt", bootstrap=False),
        sign_test(values),
    )
    return ContrastResult(contrast, people, tuple(values.tolist()), means, test, sensitivity)


def _untested(contrast: Contrast, ratings: Ratings, reason: str) -> ContrastResult:
    """The contrast on nobody's ratings, with the reason in every note."""
    nobody = replace(
        ratings,
        participants=(),
        values=ratings.values[:0],
        slots=ratings.slots[:0],
        requests=ratings.requests[:0],
    )
    result = _test(contrast, nobody)
    sensitivity = tuple(_explained(test, reason) for test in result.sensitivity)
    return replace(result, test=_explained(result.test, reason), sensitivity=sensitivity)


def _explained(test: TestResult, note: str) -> TestResult:
    """A test of nothing, with the reason in every note."""
    effects = tuple(replace(effect, note=note) for effect in test.effects)
    estimate = None if test.estimate is None else replace(test.estimate, note=note)
    return replace(test, note=note, effects=effects, estimate=estimate)
