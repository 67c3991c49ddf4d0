"""The tables that describe the study: people, design, ratings by round, systems, provenance."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import describe
from analysis.confirmatory import arm_label
from analysis.findings import Findings
from analysis.report.table import Shown, Table, with_interval
from analysis.stats.results import NOT_ESTIMABLE
from study_design import smallest_effect, testable

_ARM = Shown("Arm", lambda row: arm_label(row["arm"]))
_LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "plotly")


def study_tables(findings: Findings) -> list[Table]:
    """Every descriptive table, in the order of the report."""
    export, sample, ratings = findings.export, findings.sample, findings.ratings
    points = [item.scale.points for item in export.protocol.items]
    primary = export.protocol.analysis
    pairs = [
        *(
            (primary.primary.treatment, primary.primary.comparator, i)
            for i in primary.primary.items
        ),
        *((first, second, primary.slope_item) for first, second in primary.slopes),
    ]
    return [
        _flow(findings),
        _exclusions(findings),
        _sample(findings),
        _balance(findings),
        _means(findings),
        Table(
            "participant_means",
            "Every participant's mean rating by arm and item",
            describe.participant_means(ratings),
        ),
        Table("likert", "Every rating by arm and item", describe.likert(ratings, points)),
        Table("round_means", "Means by round", describe.round_means(ratings)),
        Table(
            "round_differences",
            "Differences by round",
            describe.round_differences(ratings, list(dict.fromkeys(pairs))),
        ),
        Table(
            "trajectories",
            "What the systems recorded, by round",
            describe.trajectories(export, sample),
        ),
        _generation(findings),
        _power(findings),
        _hypotheses(findings),
        _deviation_counts(findings),
        _deviations(findings),
        _provenance(findings),
    ]


def _flow(findings: Findings) -> Table:
    frame = pd.DataFrame(findings.sample.flow(), columns=["step", "participants"], dtype=object)
    return Table("flow", "Flow of participants", frame)


def _exclusions(findings: Findings) -> Table:
    rows = [(e.participant, e.rule, e.detail) for e in findings.sample.exclusions]
    frame = pd.DataFrame(rows, columns=["participant", "rule", "detail"], dtype=object)
    columns = (
        Shown("Participant", lambda row: f"{row['participant'][:8]}…"),
        Shown("Rule", "rule"),
        Shown("Detail", "detail"),
    )
    note = "The pre-registered rules, in their order; each participant under the first that holds."
    return Table("exclusions", "Exclusions", frame, columns, note)


def _sample(findings: Findings) -> Table:
    frame = describe.sample_description(findings.export, findings.sample)
    columns = (
        Shown("Question", "question"),
        Shown("Answer", "answer"),
        Shown("n", "n", "count"),
        Shown("Value", _value, "value"),
    )
    return Table("sample", "The analysed participants", frame, columns)


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return NOT_ESTIMABLE
    return f"{row['value']:.0f}{'%' if row['unit'] == '%' else ' ' + row['unit']}"


def _balance(findings: Findings) -> Table:
    frame = describe.slot_balance(findings.export, findings.sample)
    columns = (
        _ARM,
        *(Shown(f"Slot {slot}", slot, "count") for slot in findings.export.protocol.slots),
        Shown("If all were equal", "if_equal", 1),
    )
    note = "Rated rounds in which the arm stood in the slot, over the analysed participants."
    return Table("balance", "Balance of arms over slots", frame, columns, note)


def _means(findings: Findings) -> Table:
    frame = describe.cell_means(findings.ratings)
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
    return Table("means", "Ratings by arm and item", frame, columns, note)


def _generation(findings: Findings) -> Table:
    frame = describe.generation(findings.export, findings.sample)
    columns = (
        _ARM,
        Shown("Texts", "texts", "count"),
        Shown("Tokens, mean", "tokens_mean", 1),
        Shown("SD", "tokens_sd", 1),
        Shown("Seconds, median", "seconds_median", 2),
        Shown("95th percentile", "seconds_p95", 2),
    )
    note = "Length and speed can give an arm away: large differences weaken the blinding."
    return Table("generation", "The texts as written", frame, columns, note, stacked=True)


def _power(findings: Findings) -> Table:
    analysis, n = findings.export.protocol.analysis, findings.sample.n
    primary = findings.families[0]
    step = analysis.alpha / len(primary.contrasts)
    rows = []
    for label, size in (("planned", findings.export.protocol.participants), ("reached", n)):
        for alpha in (analysis.alpha, step):
            enough = size >= 2
            value = smallest_effect(size, power=analysis.power, alpha=alpha) if enough else None
            note = "" if enough else f"needs at least 2 participants, has {size}"
            rows.append((label, size, alpha, analysis.power, value, note))
    names = ["sample", "n", "alpha", "power", "smallest_d_z", "note"]
    columns = (
        Shown("Sample", "sample"),
        Shown("N", "n", "count"),
        Shown("α", "alpha", 3),
        Shown("Power", "power", 2),
        Shown("Smallest d_z", "smallest_d_z", 3),
    )
    note = (
        "Exact, from the noncentral t, two-sided. The smaller α is that of the first step of "
        f"Holm's correction in F1 (α / {len(primary.contrasts)})."
    )
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    return Table("power", "The smallest effect that this study detects", frame, columns, note)


def _hypotheses(findings: Findings) -> Table:
    rows = [
        (h.id, h.statement, "yes" if h.testable else "no", h.reason)
        for h in testable(findings.export.protocol)
    ]
    frame = pd.DataFrame(rows, columns=["id", "statement", "testable", "reason"], dtype=object)
    columns = (
        Shown("", "id"),
        Shown("Hypothesis", "statement"),
        Shown("Tested here", "testable"),
        Shown("Why", "reason"),
    )
    return Table("hypotheses", "What these arms can test", frame, columns, stacked=True)


def _deviation_counts(findings: Findings) -> Table:
    frame = describe.deviation_counts(findings.export)
    columns = (
        Shown("Kind", lambda row: str(row["kind"]).replace("_", " ")),
        Shown("Count", "count", "count"),
        Shown("Participants", "participants", "count"),
    )
    note = "All participants of the export; every entry is in tables/deviations.csv."
    return Table("deviation_counts", "Deviations from the protocol", frame, columns, note)


def _deviations(findings: Findings) -> Table:
    log = findings.export.tables["deviations"]
    columns = ["participant", "round", "arm", "kind", "detail", "at"]
    frame = log[columns].astype(object)
    frame["round"] = frame["round"].map(lambda value: "" if pd.isna(value) else int(value))
    shown = (
        Shown("Kind", lambda row: str(row["kind"]).replace("_", " ")),
        Shown("Participant", lambda row: f"{row['participant'][:8]}…"),
        Shown("Round", lambda row: str(row["round"])),
        Shown("Arm", lambda row: arm_label(row["arm"])),
        Shown("Detail", "detail"),
    )
    return Table("deviations", "Every deviation", frame, shown, stacked=True)


def _provenance(findings: Findings) -> Table:
    export = findings.export
    fingerprints = sorted({str(model) for model in export.tables["texts"]["model"].dropna()} - {""})
    rows = [
        ("study", f"{export.manifest.study}, version {export.manifest.version}"),
        ("participants", "simulated" if export.simulated else "human"),
        ("exported at", export.manifest.created_at),
        ("protocol hash", export.manifest.protocol_hash),
        ("data hash", export.data_hash),
        ("study code hash", export.manifest.code_hash),
        ("analysis code hash", analysis_code_hash()),
        ("language model", export.protocol.generation.model),
        ("model fingerprints", ", ".join(fingerprints) or "none: no language model wrote"),
        ("database schema", export.manifest.database_schema),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in _LIBRARIES),
    ]
    frame = pd.DataFrame(rows, columns=["name", "value"], dtype=object)
    columns = (Shown("", "name"), Shown("", "value"))
    note = (
        "SHA-256. Protocol: its canonical JSON. Data: the digests of all tables. Study code: as "
        "the export states it. Analysis code: the source files of this package."
    )
    return Table("provenance", "Protocol, data and code", frame, columns, note)


def analysis_code_hash() -> str:
    """SHA-256 over the names and bytes of the analysis package's source files."""
    root = Path(__file__).resolve().parents[1]
    files = sorted(path for path in root.rglob("*") if path.suffix in {".py", ".j2", ".css"})
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
