"""The tables of the study as it was run: systems, power, hypotheses, deviations, provenance."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import describe
from analysis.confirmatory import arm_label
from analysis.data.frames import frame
from analysis.data.study import Study
from analysis.report.power_tables import why_no_power
from analysis.report.table import Shown, Table
from analysis.sequential import Stage, level_of, level_text, stage_at, stage_of
from study_design import Protocol, families, power_paired, smallest_effect

_ARM = Shown("Arm", lambda row: arm_label(row["arm"]))
_LIBRARIES = ("numpy", "scipy", "pandas", "krippendorff", "plotly")


def study_tables(study: Study) -> list[Table]:
    """Every table of the study as it was run, in the order of the report."""
    return [
        _generation(study),
        _trajectories(study),
        _power(study),
        _power_curve(study),
        _deviation_counts(study),
        _deviations(study),
        _provenance(study),
    ]


def _generation(study: Study) -> Table:
    columns = (
        _ARM,
        Shown("Texts", "texts", "count"),
        Shown("Tokens, mean", "tokens_mean", 1),
        Shown("SD", "tokens_sd", 1),
        Shown("Seconds, median", "seconds_median", 2),
        Shown("95th percentile", "seconds_p95", 2),
    )
    note = "Length and speed can give an arm away: large differences weaken the blinding."
    rows = describe.generation(study.export, study.sample)
    return Table("generation", "The texts as written", rows, columns, note, stacked=True)


def _trajectories(study: Study) -> Table:
    rows = describe.trajectories(study.export, study.sample)
    return Table("trajectories", "What the systems recorded, by round", rows)


def levels(protocol: Protocol, stage: Stage | None) -> tuple[float | None, float | None]:
    """α, and α of the first step of Holm's correction in the primary family; at a look its levels.

    None twice before the first look.
    """
    alpha, first = protocol.analysis.alpha, len(families(protocol)[0].contrasts)
    return level_of(stage, alpha), level_of(stage, alpha / first)


def _samples(study: Study) -> tuple[tuple[str, int, Stage | None], ...]:
    """The planned and the reached number of participants, each with the look that it is at."""
    planned = study.protocol.participants
    return (
        ("planned", planned, stage_at(study.protocol, planned)),
        ("reached", study.sample.n, stage_of(study.export)),
    )


def _power(study: Study) -> Table:
    rows = []
    target = study.protocol.analysis.power
    for label, size, stage in _samples(study):
        for alpha in levels(study.protocol, stage):
            value, note = None, why_no_power(size, stage, alpha)
            if alpha is not None and not note:
                value = smallest_effect(size, power=target, alpha=alpha)
            rows.append((label, size, alpha, target, value, note))
    level = Shown("α", "alpha", 3)
    if stage_at(study.protocol, 0):
        level = Shown("α", lambda row: level_text(row["alpha"]), "p")
    columns = (
        Shown("Sample", "sample"),
        Shown("N", "n", "count"),
        level,
        Shown("Power", "power", 2),
        Shown("Smallest d_z", "smallest_d_z", 3),
    )
    note = (
        "Exact, from the noncentral t, two-sided. The smaller α is that of the first step of "
        "Holm's correction in F1."
    )
    if stage_at(study.protocol, 0):
        note += " At a look α is its nominal level, and only what is rejected there counts."
    table = frame(rows, ["sample", "n", "alpha", "power", "smallest_d_z", "note"])
    caption = "The smallest effect that this study detects"
    return Table("power", caption, table, columns, note, grouped=1)


def _power_curve(study: Study) -> Table:
    """Power of the reached sample, and of the planned one where they differ, over d_z."""
    sizes = {n: stage for _, n, stage in reversed(_samples(study))}
    rows = [
        (n, alpha, float(d), power_paired(n, float(d), alpha))
        for n, stage in sizes.items()
        for alpha in dict.fromkeys(levels(study.protocol, stage))
        if alpha is not None and not why_no_power(n, stage, alpha)
        for d in np.round(np.linspace(0.0, 1.5, 51), 4)
    ]
    return Table("power_curve", "Power by effect", frame(rows, ["n", "alpha", "d_z", "power"]))


def _deviation_counts(study: Study) -> Table:
    columns = (
        Shown("Kind", lambda row: str(row["kind"]).replace("_", " ")),
        Shown("Count", "count", "count"),
        Shown("Participants", "participants", "count"),
    )
    note = "All participants of the export; every entry is in tables/deviations.csv."
    rows = describe.deviation_counts(study.export)
    return Table("deviation_counts", "Deviations from the protocol", rows, columns, note)


def _deviations(study: Study) -> Table:
    log = study.export.tables["deviations"]
    rows = log[["participant", "round", "arm", "kind", "detail", "at"]].astype(object)
    rows["round"] = rows["round"].map(lambda value: "" if pd.isna(value) else int(value))
    columns = (
        Shown("Kind", lambda row: str(row["kind"]).replace("_", " ")),
        Shown("Participant", lambda row: f"{row['participant'][:8]}…"),
        Shown("Round", lambda row: str(row["round"])),
        Shown("Arm", lambda row: arm_label(row["arm"])),
        Shown("Detail", "detail"),
    )
    return Table("deviations", "Every deviation", rows, columns, stacked=True)


def _provenance(study: Study) -> Table:
    export = study.export
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
        ("operating system", f"{platform.system()} {platform.machine()}"),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in _LIBRARIES),
    ]
    columns = (Shown("", "name"), Shown("", "value"))
    note = (
        "SHA-256. Protocol: its canonical JSON. Data: the digests of all tables. Study code: as "
        "the export states it. Analysis code: the source files of this package."
    )
    table = frame(rows, ["name", "value"])
    return Table("provenance", "Protocol, data, code and environment", table, columns, note)


def analysis_code_hash() -> str:
    """SHA-256 over the names and bytes of the analysis package's source files."""
    root = Path(__file__).resolve().parents[1]
    files = sorted(path for path in root.rglob("*") if path.suffix in {".py", ".j2", ".css"})
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
