"""The primary differences request by request: does the finding rest on a few of them?

Requests are a sample as participants are: a test over participants alone holds for these requests,
and says nothing of others (H. H. Clark, 1973, "The language-as-fixed-effect fallacy", Journal of
Verbal Learning and Verbal Behavior 12, 335-359). Here they are shown one by one; the mixed models
have them as random effects.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.confirmatory import FamilyResult
from analysis.data.study import Study
from analysis.describe import mean_interval


@dataclass(frozen=True, slots=True)
class RequestDifference:
    """Mean difference of a primary contrast over the participants who rated the request, in points.

    n               those participants; low and high: the 95% t interval over them
    mean, low, high None where there are too few
    """

    contrast: str
    request: str
    work: str
    n: int
    mean: float | None
    low: float | None
    high: float | None


def request_differences(study: Study, primary: FamilyResult) -> tuple[RequestDifference, ...]:
    """Every primary contrast by every request of the protocol, in its order.

    None of contrasts that were not tested, as before the first look of a study that plans several.
    """
    ratings, found = study.ratings, []
    for result in primary.contrasts:
        if not result.values:
            continue
        contrast = result.contrast
        by_round = ratings.difference(contrast.treatment, contrast.comparator, contrast.item)
        for place, request in enumerate(study.protocol.requests):
            values = by_round[ratings.requests == place]
            interval = mean_interval(values)
            found.append(
                RequestDifference(result.label, request.id, request.work, values.size, *interval)
            )
    return tuple(found)
