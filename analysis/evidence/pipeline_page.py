"""The section of statistics.md on whole studies of nothing: each run, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.evidence.null_tally import together
from analysis.evidence.tables import markdown_table, rate_text
from analysis.stats.results import number

Runs = Mapping[str, Mapping[str, Any]]  # by the name of the file

TITLE = "## The whole pipeline under the null"
_BY_TEST = ("test", "contrasts", "estimable", "mean rate", "largest rate", "mean coverage of 0")


def pipeline_section(runs: Runs) -> str:
    """The section in Markdown; InputError for runs of different protocols."""
    if not runs:
        return f"{TITLE}\n\nNot measured yet: there is no run of null studies."
    several = list(runs.values())
    found, first = together(several), several[0]
    return f"""{TITLE}

The library's instant arm (`{first["system"]}`) under {len(first["labels"])} labels: every study was
enrolled, generated, rated by simulated participants through the services that the screens use,
exported, read back, checked and analysed by the confirmatory analysis as it is.
{found["studies"]:,} complete studies, each of {first["participants"]} participants in
{first["rounds"]} rounds (the protocol `null.yaml`, `{first["protocol_hash"][:12]}…`, whose rounds
are fewer than the pilot's for the time they take). {first["database"]}.

{_runs(runs)}{_why_again(runs)}

Any rejection at {first["alpha"]:g} after Holm is a false positive:

{_families(runs, found)}

The tests of F1 and F2 one by one, not corrected. With {first["participants"]} participants the
smallest p that the exact tests can give is {2.0 ** (1 - first["participants"]):.2g}.

{_tests(runs, found)}

All contrasts of all families by test, all runs together. Contrasts of one study are not
independent, so the means have no interval; the largest of several rates is expected to lie above
{first["alpha"]:g}.

{_by_test(found)}"""


def seeds(run: Mapping[str, Any]) -> str:
    """Which seeds a run has had.

    >>> seeds({"command": "… --studies 500 --participants 24 --seed 501", "studies": 40})
    'seeds 501 to 540'
    """
    start = int(run["command"].split("--seed ")[1].split()[0])
    return f"seeds {start} to {start + run['studies'] - 1}"


def _runs(runs: Runs) -> str:
    lines = []
    for run in runs.values():
        asked = int(run["command"].split("--studies ")[1].split()[0])
        stopped = f", stopped before all {asked:,} were done" * (run["studies"] < asked)
        lines.append(
            f"- {seeds(run)}: {run['studies']:,} studies{stopped}; {run['mean_analysed']:.2f} "
            "participants analysed on average after the pre-registered exclusions; "
            f"{run['seconds_a_study']:g} s a study, with what else the machine did"
        )
    return "\n".join(lines)


def _why_again(runs: Runs) -> str:
    """That a later run was asked for by what an earlier one gave; empty for one run."""
    if len(runs) == 1:
        return ""
    rows = [row for row in next(iter(runs.values()))["tests"] if row["family"] == "F1"]
    worst = max(rows, key=lambda row: row["false_positives"]["value"])
    return (
        f"\n\nThe first run gave {rate_text(worst['false_positives'])} for {worst['test']} of "
        f"{worst['contrast']}; the later one was made to see whether that was chance. It alone was "
        "not chosen for what it shows."
    )


def _heads(runs: Runs) -> list[str]:
    return ["false positives"] if len(runs) == 1 else [*map(seeds, runs.values()), "together"]


def _cells(runs: Runs, found: Mapping[str, Any], part: str, place: int) -> list[str]:
    several = [*runs.values(), found] if len(runs) > 1 else [found]
    return [rate_text(run[part][place]["false_positives"]) for run in several]


def _families(runs: Runs, found: Mapping[str, Any]) -> str:
    return markdown_table(
        ["family", "studies", *_heads(runs)],
        [
            [row["family"], f"{found['studies']:,}", *_cells(runs, found, "families", place)]
            for place, row in enumerate(found["families"])
        ],
    )


def _tests(runs: Runs, found: Mapping[str, Any]) -> str:
    return markdown_table(
        ["family", "contrast", "test", *_heads(runs), "interval covers 0"],
        [
            [
                *(row["family"], row["contrast"], row["test"]),
                *_cells(runs, found, "tests", place),
                rate_text(row["coverage"]) if row["coverage"]["of"] else "",
            ]
            for place, row in enumerate(found["tests"])
            if row["family"] in ("F1", "F2")
        ],
    )


def _by_test(found: Mapping[str, Any]) -> str:
    rows = []
    for test in dict.fromkeys(row["test"] for row in found["tests"]):
        own = [row for row in found["tests"] if row["test"] == test]
        values = [row["false_positives"]["value"] for row in own]
        worst = max(own, key=lambda row: row["false_positives"]["value"])
        covered = [row["coverage"]["value"] for row in own if row["coverage"]["of"]]
        tried = found["studies"] * len(own)
        estimable = 100 * sum(row["estimable"] for row in own) / tried
        rows.append(
            [
                *(test, str(len(own)), f"{estimable:.1f}%"),
                *(number(sum(values) / len(values), 3), rate_text(worst["false_positives"])),
                number(sum(covered) / len(covered), 3) if covered else "",
            ]
        )
    return markdown_table(_BY_TEST, rows)
