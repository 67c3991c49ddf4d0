"""What the report says, in which order: sections of paragraphs, tables and figures.

The page and the Markdown file are both drawn from this outline, so they cannot say different
things. Paragraphs may hold `code`; symbols such as d_z are set by whoever draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from analysis.findings import Findings
from analysis.report import words
from analysis.report.figures import Figure
from analysis.report.table import Table


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `tone` is "plain", "quote" for a question as asked, or "none" for an absence."""

    text: str
    tone: Literal["plain", "quote", "none"] = "plain"


@dataclass(frozen=True, slots=True)
class Shows:
    """A table or figure of this name. `folded`: of interest to few, so the page opens it on demand.

    empty  what stands in place of a table without rows
    """

    kind: Literal["table", "figure"]
    name: str
    folded: bool = False
    empty: str = "Nothing to show."


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section of the report."""

    id: str
    title: str
    blocks: tuple[Paragraph | Shows, ...]


def outline(
    findings: Findings, tables: Mapping[str, Table], figures: Mapping[str, Figure]
) -> tuple[Section, ...]:
    """The sections of the report. Figures that could not be drawn are left out."""
    sections = (
        Section("participants", "Participants", _participants()),
        Section("primary", "Primary comparison", _primary(findings)),
        Section("learning", "Learning over rounds", _learning(findings)),
        Section("remaining", "Remaining comparisons", _remaining(findings)),
        Section(
            "effects", "Effect sizes and evidence for no difference", _effects(findings, tables)
        ),
        Section("sensitivity", "Sensitivity analyses", _sensitivity(findings)),
        Section("ratings", "Ratings", _ratings(findings)),
        Section("preferences", "Preferences", _preferences()),
        Section("blinding", "Blinding", _blinding(findings)),
        Section("reliability", "Reliability, agreement and care", _reliability()),
        Section("order", "Order, period and carry-over", _order()),
        Section("systems", "The systems", _systems(findings, tables)),
        Section("reach", "What this study can and cannot tell", _reach(findings)),
        Section("deviations", "Deviations and missing data", _deviations(findings, tables)),
        Section("methods", "Methods", _methods(findings)),
        Section("provenance", "Provenance", _provenance()),
    )
    return tuple(
        Section(section.id, section.title, tuple(_drawn(section, figures))) for section in sections
    )


def _drawn(section: Section, figures: Mapping[str, Figure]) -> Iterator[Paragraph | Shows]:
    for block in section.blocks:
        if isinstance(block, Paragraph) or block.kind == "table" or block.name in figures:
            yield block


def _table(name: str, empty: str = "Nothing to show.") -> Shows:
    return Shows("table", name, empty=empty)


def _fold(name: str, empty: str = "Nothing to show.") -> Shows:
    return Shows("table", name, folded=True, empty=empty)


def _figure(name: str) -> Shows:
    return Shows("figure", name)


def _participants() -> tuple[Paragraph | Shows, ...]:
    return (
        _figure("flow"),
        _table("exclusions", "Nobody was excluded."),
        _fold("sample"),
        _fold("closing_answers"),
        _fold("page_times"),
        _fold("comments"),
        _table("balance"),
        _table("sequences"),
        _fold("neighbours"),
    )


def _primary(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    return (
        _table("confirmatory_f1"),
        _figure("estimation"),
        Paragraph(words.requests(findings.protocol)),
        _figure("requests"),
        _fold("requests", "No contrast was tested."),
        _fold("background", "The protocol asks no background question with options."),
        _fold("background_groups", "The protocol asks no background question with options."),
    )


def _learning(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    if not findings.families[1].contrasts:
        absence = Paragraph("The protocol states no slope contrasts.", "none")
        return (absence, _figure("learning"))
    return (_table("confirmatory_f2"), _figure("slopes"), _figure("learning"))


def _remaining(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    if not findings.families[2].contrasts:
        absence = Paragraph("No contrast remains beside the primary ones.", "none")
        return (absence, _figure("forest"))
    return (_table("confirmatory_f3"), _figure("forest"), _fold("apa_sentences"))


def _effects(findings: Findings, tables: Mapping[str, Table]) -> tuple[Paragraph | Shows, ...]:
    equivalence = (_table("equivalence"),) if "equivalence" in tables else ()
    return (
        Paragraph(words.no_difference(findings)),
        *equivalence,
        _table("no_difference"),
        _fold("effects"),
    )


def _sensitivity(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    reason = findings.stage.too_early if findings.stage else ""
    withheld = (f"{reason[0].upper()}{reason[1:]}.",) if reason else ()
    return (
        Paragraph(words.SENSITIVITY),
        _table("sensitivity_unexcluded"),
        _table("sensitivity_imputed", *withheld),
        _table("sensitivity"),
        _table("mixed", *withheld),
        _table("ordinal", *withheld),
        _fold("mixed_variances", *withheld),
        _fold("robust", *withheld),
        _figure("quantiles"),
        _fold("sensitivity_f2_f3"),
    )


def _ratings(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    omnibus = (_table("friedman"),) if findings.omnibus else ()
    return (
        _figure("likert"),
        _table("means"),
        *omnibus,
        _fold("anova", "Nobody rated every round."),
    )


def _preferences() -> tuple[Paragraph | Shows, ...]:
    return (_table("choices"), _figure("choices"), _table("preferences"))


def _blinding(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    if not findings.guesses:
        return (Paragraph("The protocol asks no closing question about the arms.", "none"),)
    questions = [Paragraph(f"“{guess.text}”", "quote") for guess in findings.guesses]
    said = [Paragraph(words.blinding(guess)) for guess in findings.guesses]
    return (*questions, *said, _table("blinding"), _figure("blinding"))


def _reliability() -> tuple[Paragraph | Shows, ...]:
    return (
        Paragraph(words.RELIABILITY),
        _table("reliability"),
        _table("agreement"),
        _table("care", "Nobody completed every round."),
    )


def _order() -> tuple[Paragraph | Shows, ...]:
    return (Paragraph(words.ORDER), _figure("order"), _fold("order"))


def _systems(findings: Findings, tables: Mapping[str, Table]) -> tuple[Paragraph | Shows, ...]:
    model = words.model(findings, tables)
    said = (Paragraph(model),) if model else ()
    return (*said, _figure("trajectories"), _table("generation"))


def _reach(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    return (
        _table("hypotheses"),
        Paragraph(words.stopping(findings)),
        Paragraph(words.error_of_all_families(findings.protocol)),
        _table("power"),
        _figure("power"),
    )


def _deviations(findings: Findings, tables: Mapping[str, Table]) -> tuple[Paragraph | Shows, ...]:
    log = () if tables["deviations"].frame.empty else (_fold("deviations"),)
    return (
        _table("deviation_counts", "No deviation was recorded."),
        *log,
        Paragraph(f"{findings.missing.summary.apa()}."),
        _fold("rated_rounds"),
    )


def _methods(findings: Findings) -> tuple[Paragraph | Shows, ...]:
    return tuple(Paragraph(text) for text in words.methods(findings.protocol))


def _provenance() -> tuple[Paragraph | Shows, ...]:
    return (_table("provenance"),)
