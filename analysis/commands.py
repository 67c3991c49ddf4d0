"""What the commands of `python -m analysis` do. Each returns the exit code: 0 when all is well."""

from __future__ import annotations

import json
import sys
import textwrap
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from analysis.data.exports import inspect_export, read_export
from analysis.data.study import Study, collect
from analysis.errors import InputError
from analysis.evidence.measure import QUICK
from analysis.evidence.measure import evidence as measure_evidence
from analysis.evidence.page import PAGE, write_page
from analysis.report import words
from analysis.report.datasheet import render_datasheet
from analysis.report.people_tables import people_tables
from analysis.report.power_slopes import SLOPES, slopes_text
from analysis.report.power_tables import PowerTables, power_tables
from analysis.report.rating_tables import rating_tables
from analysis.report.study_tables import study_tables
from analysis.report.terminal import WIDTH, shown, text_table
from analysis.report.write import refuse_other_kind, write_report
from analysis.stats.power_simulation import LikertStudy, SimulatedPower, power_simulated
from analysis.stats.slope_power import LearningStudy, power_slopes
from study_design import load_protocol

_DESCRIBED = (
    *("flow", "exclusions", "sample", "closing_answers", "page_times", "balance", "sequences"),
    *("means", "generation", "deviation_counts"),
)

SLOPE_STUDIES = 2_000


def report(options: Namespace) -> int:
    """Write the report of an export."""
    page = write_report(
        options.data, options.out, simulated=options.simulated, figures=options.figures
    )
    print(f"The report is in {page}")
    return 0


def check(options: Namespace) -> int:
    """Say everything that is wrong with an export, one problem a line; 1 when there is any."""
    export, problems = inspect_export(options.data)
    if export is None:
        count = f"{len(problems):,} problem{'s' * (len(problems) != 1)}"
        print(f"{options.data}: {count}", file=sys.stderr)
        for problem in problems:
            print(problem.text(), file=sys.stderr)
        return 1
    study, people = export.protocol.study, export.tables["participants"]
    kind = "simulated" if export.simulated else "human"
    rows = sum(len(table) for table in export.tables.values())
    print(
        f"{options.data}: sound. Study {study.id}, version {study.version}, {len(people)} {kind} "
        f"participant{'s' * (len(people) != 1)}, {len(export.tables)} tables, {rows:,} rows."
    )
    print(f"  protocol hash  {export.protocol.hash}\n  data hash      {export.data_hash}")
    for warning in export.protocol.warnings():
        print(f"  open in the protocol: {warning}")
    return 0


def power(options: Namespace) -> int:
    """Print power, smallest effects and sample sizes of the paired t test, or power of slopes."""
    alpha = options.alpha / options.tests
    if options.mixed and not options.slopes:
        raise InputError("--mixed goes with --slopes")
    if options.slopes:
        return _slopes(options, alpha)
    tables = power_tables(options.n, options.effect, alpha=alpha, target=options.power)
    simulated = [
        power_simulated(
            n,
            effect,
            study=LikertStudy(rounds=options.rounds),
            alpha=alpha,
            repetitions=options.simulate,
        )
        for n in options.n
        for effect in options.effect
        if options.simulate
    ]
    if options.json:
        print(json.dumps(_power_json(tables, simulated), indent=1, allow_nan=False))
        return 0
    print(_power_text(tables, options.alpha, options.tests))
    if simulated:
        print(f"\n{_simulated_text(simulated, options.rounds)}")
    return 0


def _slopes(options: Namespace, alpha: float) -> int:
    found = [
        power_slopes(
            n,
            effect,
            study=LearningStudy(rounds=options.rounds),
            alpha=alpha,
            repetitions=options.simulate or max(SLOPE_STUDIES, options.mixed),
            mixed=options.mixed,
        )
        for n in options.n
        for effect in options.effect
    ]
    if options.json:
        content = {"test": SLOPES, "alpha": alpha, "simulated": [asdict(one) for one in found]}
        print(json.dumps(content, indent=1, allow_nan=False))
    else:
        print(slopes_text(found, alpha=alpha, rounds=options.rounds))
    return 0


def describe(options: Namespace) -> int:
    """Print who took part and what they gave, without any test."""
    study = collect(read_export(options.data))
    print(_heading(study))
    tables = {t.name: t for t in (*people_tables(study), *rating_tables(study))}
    tables |= {t.name: t for t in study_tables(study)}
    for name in _DESCRIBED:
        print(f"\n{shown(tables[name])}")
    return 0


def datasheet(options: Namespace) -> int:
    """Write or print the datasheet of a study, as planned or as it was run."""
    if options.protocol is not None:
        text = render_datasheet(load_protocol(options.protocol))
    else:
        export = read_export(options.data)
        refuse_other_kind(export, simulated=options.simulated)
        text = render_datasheet(export.protocol, collect(export))
    if options.out is None:
        print(text, end="")
        return 0
    options.out.write_text(text, encoding="utf-8")
    print(f"The datasheet is in {options.out}")
    return 0


def evidence(options: Namespace) -> int:
    """Measure what shows that the statistics are right, and write the page."""
    if options.page_only:
        print(f"The page is {write_page(options.out)}")
        return 0
    repetitions = QUICK if options.quick else options.repetitions
    found = measure_evidence(
        options.out,
        gold=options.gold,
        repetitions=repetitions,
        seed=options.seed,
        only=options.only,
    )
    same = sum(row["equal"] for row in found["gold"])
    print(f"{same} of {len(found['gold'])} gold values have the published digits.")
    print(f"The page is {options.out / PAGE}")
    return 0


def _heading(study: Study) -> str:
    info = study.protocol.study
    lines = [f"{info.title} (study {info.id}, version {info.version})"]
    if study.export.simulated:
        lines.append(textwrap.fill(f"SIMULATED DATA. {words.SIMULATED}", WIDTH))
    lines.append("Descriptions of the analysed participants. No test is run here.")
    return "\n".join(lines)


def _power_json(tables: PowerTables, simulated: Sequence[SimulatedPower]) -> dict[str, object]:
    content: dict[str, object] = {
        "test": "paired t, two-sided, the participant as the unit",
        "alpha": tables.alpha,
        "target_power": tables.target,
        "power": [{"n": n, "d_z": d, "power": value} for n, d, value in tables.power],
        "smallest_effect": [{"n": n, "d_z": d} for n, d in tables.smallest],
        "participants_needed": [{"d_z": d, "n": n} for d, n in tables.needed],
    }
    if simulated:
        content["simulated"] = [asdict(found) for found in simulated]
    return content


def _power_text(tables: PowerTables, alpha: float, tests: int) -> str:
    level = f"α = {alpha:g}" + (f" / {tests} = {tables.alpha:.4g}" if tests > 1 else "")
    sizes, effects = [n for n, _ in tables.smallest], [d for d, _ in tables.needed]
    value = {(n, d): power for n, d, power in tables.power}
    smallest = dict(tables.smallest)
    headings = ["N", *(f"d_z {d:g}" for d in effects), f"smallest d_z at {tables.target:g}"]
    rows = [
        [f"{n:,}", *(f"{value[n, d]:.3f}" for d in effects), f"{smallest[n]:.3f}"] for n in sizes
    ]
    needed = [
        [f"{d:g}", "more than ten million" if n is None else f"{n:,}"] for d, n in tables.needed
    ]
    return "\n".join(
        [
            f"Power of the two-sided paired t test, {level}. Exact (noncentral t); N counts "
            "participants.",
            "",
            _numbers(headings, rows),
            "",
            f"Participants needed for power {tables.target:g}",
            "",
            _numbers(["d_z", "N"], needed),
        ]
    )


def _simulated_text(simulated: Sequence[SimulatedPower], rounds: int) -> str:
    first = simulated[0]
    rows = []
    for found in simulated:
        interval = found.power.interval
        ends = "" if interval is None else f"[{interval.low:.3f}, {interval.high:.3f}]"
        share = found.power.value or 0.0
        rows.append(
            [
                *(f"{found.participants:,}", f"{found.effect:g}", f"{share:.3f}", ends),
                *(f"{found.exact:.3f}", f"{100 * found.zeros:.1f}%"),
            ]
        )
    headings = ["N", "d_z", "simulated", "95% CI", "exact", "zero differences"]
    return (
        f"In {first.repetitions:,} simulated studies each: ratings from 1 to 5 in {rounds} rounds, "
        f"rounded and clipped\n\n{_numbers(headings, rows)}"
    )


def _numbers(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return text_table(headings, rows, [True] * len(headings))
