"""The tables of the participants and of the design: flow, sample, balance, time, answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis import describe
from analysis.confirmatory import arm_label
from analysis.data import design
from analysis.data.frames import frame
from analysis.data.study import Study
from analysis.report.table import Shown, Table
from analysis.stats.results import NOT_ESTIMABLE

_ARM = Shown("Arm", lambda row: arm_label(row["arm"]))


def people_tables(study: Study) -> list[Table]:
    """Every table of the participants, in the order of the report."""
    return [
        _flow(study),
        _exclusions(study),
        _sample(study),
        _times(study),
        _slots(study),
        _neighbours(study),
        _sequences(study),
        _as_planned(study),
        _comments(study),
        _closing(study),
    ]


def _flow(study: Study) -> Table:
    rows = frame(study.sample.flow(), ["step", "participants"])
    columns = (Shown("Step", "step"), Shown("Participants", "participants", "count"))
    return Table("flow", "Flow of participants", rows, columns)


def _exclusions(study: Study) -> Table:
    rows = [(e.participant, e.rule, e.detail) for e in study.sample.exclusions]
    columns = (
        Shown("Participant", lambda row: f"{row['participant'][:8]}…"),
        Shown("Rule", "rule"),
        Shown("Detail", "detail"),
    )
    note = "The pre-registered rules, in their order; each participant under the first that holds."
    table = frame(rows, ["participant", "rule", "detail"])
    return Table("exclusions", "Exclusions", table, columns, note)


def _sample(study: Study) -> Table:
    columns = (
        Shown("Question", "question"),
        Shown("Answer", "answer"),
        Shown("n", "n", "count"),
        Shown("Value", _value, "value"),
    )
    rows = describe.sample_description(study.export, study.sample)
    return Table("sample", "The analysed participants", rows, columns, grouped=1)


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return NOT_ESTIMABLE
    return f"{row['value']:.0f}{'%' if row['unit'] == '%' else ' ' + row['unit']}"


def _times(study: Study) -> Table:
    columns = (
        Shown("Page", "page"),
        Shown("Pages", "pages", "count"),
        Shown("Seconds, median", "median_s", 1),
        Shown("5th percentile", "p5_s", 1),
        Shown("95th percentile", "p95_s", 1),
    )
    rows = describe.page_times(study.export, study.sample)
    note = "Seconds on one page, over the pages of the analysed participants."
    return Table("page_times", "Time on the pages", rows, columns, note, stacked=True)


def _slots(study: Study) -> Table:
    columns = (
        _ARM,
        *(Shown(f"Slot {slot}", slot, "count") for slot in study.protocol.slots),
        Shown("If all were equal", "if_equal", 1),
    )
    note = "Rated rounds in which the arm stood in the slot, over the analysed participants."
    rows = design.slot_balance(study.export, study.sample)
    return Table("balance", "Balance of arms over slots", rows, columns, note)


def _neighbours(study: Study) -> Table:
    columns = (
        _ARM,
        Shown("Left neighbour", lambda row: arm_label(row["left_neighbour"])),
        Shown("Rounds", "rounds", "count"),
        Shown("If all were equal", "if_equal", 1),
    )
    note = "Rated rounds in which the arm stood directly to the right of the other."
    rows = design.neighbour_balance(study.export, study.sample)
    return Table("neighbours", "Balance of neighbours", rows, columns, note, grouped=1)


def _sequences(study: Study) -> Table:
    columns = (
        Shown("Slot order", "order", "count"),
        Shown("Consented", "consented", "count"),
        Shown("Analysed", "analysed", "count"),
        Shown("If all were equal", "if_equal", 1),
    )
    kept, rounds = design.rounds_as_planned(study.export, study.sample)
    shown = (
        f"{kept:,} of {rounds:,} rated rounds showed the request and the slots that the sequence "
        "plans."
        if kept is not None
        else "Whether the rounds showed what the sequence plans is not checked: the export was "
        "made while the study was blinded, and does not disclose which arm and which request the "
        "letters of the Williams squares stand for."
    )
    note = f"Participants by the balanced slot order that their sequence begins with. {shown}"
    rows = design.sequence_balance(study.export, study.sample)
    return Table("sequences", "Balance of sequences", rows, columns, note)


def _as_planned(study: Study) -> Table:
    rows = [design.rounds_as_planned(study.export, study.sample)]
    return Table(
        "as_planned", "Rounds shown as planned", frame(rows, ["as_planned", "rated_rounds"])
    )


def _closing(study: Study) -> Table:
    columns = (
        Shown("Question", "question"),
        Shown("Answer", "answer"),
        Shown("n", "n", "count"),
        Shown("Share", lambda row: _percent(row["share"]), "share"),
    )
    rows = describe.closing_answers(study.export, study.sample)
    caption = "Closing questions with given answers"
    return Table("closing_answers", caption, rows, columns, grouped=1)


def _comments(study: Study) -> Table:
    columns = (
        Shown("Round", "round", "count"),
        Shown("Comments", "comments", "count"),
        Shown("Words, median", "median_words", 1),
    )
    note = (
        "Of the analysed participants. Their words are in comments.csv of the export, and not "
        "here: a comment can tell who wrote it."
    )
    rows = describe.comment_counts(study.export, study.sample)
    return Table("comments", "Comments by round", rows, columns, note)


def _percent(share: float | None) -> str:
    return NOT_ESTIMABLE if share is None else f"{100 * share:.0f}%"
