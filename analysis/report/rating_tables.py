"""The tables of the ratings as given: by arm and item, by point of the scale, by round."""

from __future__ import annotations

from analysis import describe
from analysis.confirmatory import arm_label
from analysis.data.study import Study
from analysis.report.table import Shown, Table, with_interval

_ARM = Shown("Arm", lambda row: arm_label(row["arm"]))


def rating_tables(study: Study) -> list[Table]:
    """Every description of the ratings, in the order of the report."""
    ratings, analysis = study.ratings, study.protocol.analysis
    points = [item.scale.points for item in study.protocol.items]
    primary = analysis.primary
    pairs = [
        *((primary.treatment, primary.comparator, item) for item in primary.items),
        *((first, second, analysis.slope_item) for first, second in analysis.slopes),
    ]
    differences = describe.round_differences(ratings, list(dict.fromkeys(pairs)))
    return [
        _means(study),
        Table(
            "participant_means",
            "Every participant's mean rating by arm and item",
            describe.participant_means(ratings),
        ),
        Table("likert", "Every rating by arm and item", describe.likert(ratings, points)),
        Table("round_means", "Means by round", describe.round_means(ratings)),
        Table("round_differences", "Differences by round", differences),
    ]


def _means(study: Study) -> Table:
    columns = (
        Shown("Item", "item"),
        _ARM,
        Shown("n", "n", "count"),
        Shown("Mean [95% CI]", with_interval("mean"), "interval"),
        Shown("SD", "sd", 2),
    )
    note = (
        "Over participants' means of all rounds; t intervals between participants. They overlap "
        "more than the paired differences do, and are not the test."
    )
    rows = describe.cell_means(study.ratings)
    return Table("means", "Ratings by arm and item", rows, columns, note, grouped=1)
