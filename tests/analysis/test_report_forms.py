"""The report's forms say the same: page, Markdown, JSON and tables; figures also as files."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from analysis.data.exports import Export
from analysis.errors import ReportError
from analysis.findings import Findings
from analysis.report import figure_files as drawing
from analysis.report import words, write
from analysis.report.markdown import render_markdown
from analysis.report.outline import Paragraph, Shows
from analysis.report.page import render_page
from analysis.report.report import Report
from analysis.report.write import report_files, write_report

NUMBER = re.compile(r"(?<![\w.])[−-]?\d*\.\d+")


@pytest.fixture(scope="module")
def findings(pilot_findings: Findings) -> Findings:
    return pilot_findings


@pytest.fixture(scope="module")
def report(pilot_report: Report) -> Report:
    return pilot_report


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render_page(report)


@pytest.fixture
def analysed(findings: Findings, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is analysed again: what is written is `report`."""
    monkeypatch.setattr(write, "analyse", lambda export: findings)
    monkeypatch.setattr(write, "build_report", lambda findings: report)


def written(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table)))


def test_tables_and_figures_are_numbered_in_the_order_of_the_text(report: Report) -> None:
    text = render_markdown(report, {})
    for kind in ("Table", "Figure"):
        numbers = [int(found) for found in re.findall(rf"^\*\*{kind} (\d+)\.", text, re.M)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 10


def test_page_and_markdown_show_the_same_tables_and_figures(report: Report, page: str) -> None:
    shown = [b for s in report.sections for b in s.blocks if isinstance(b, Shows)]
    text = render_markdown(report, {})
    assert len({(block.kind, block.name) for block in shown}) == len(shown)
    for block in shown:
        assert page.count(f'id="{block.kind}-{block.name}"') == 1
        number = report.number(block.kind, block.name)
        assert f"**{block.kind.title()} {number}." in text


@pytest.mark.parametrize(
    "section",
    [
        *("participants", "primary", "learning", "remaining", "effects", "sensitivity"),
        *("ratings", "preferences", "blinding", "reliability", "order", "systems", "reach"),
        *("deviations", "methods", "provenance"),
    ],
)
def test_everything_that_was_promised_has_its_section(section: str, report: Report) -> None:
    assert section in {entry.id for entry in report.sections}


def test_every_table_that_is_shown_is_a_file_and_in_the_json(
    findings: Findings, report: Report
) -> None:
    files = report_files(findings, report)
    tables = json.loads(files["results.json"])["tables"]
    for name, table in report.tables.items():
        rows = written(files[f"tables/{name}.csv"])
        assert len(rows) == len(table.frame)
        assert name in tables or name in {
            *("differences", "participant_means", "deviations", "quantiles"),
        }


def test_every_decimal_in_the_paragraphs_is_in_a_table_file(
    findings: Findings, report: Report
) -> None:
    """0.5 is the James index of guessing; everything else that is written was computed."""
    files = report_files(findings, report)
    values = {0.5}
    for name, content in files.items():
        if name.startswith("tables/"):
            for row in written(content):
                for cell in row.values():
                    try:
                        values.add(float(cell))
                    except ValueError:
                        values |= {float(n.replace("−", "-")) for n in NUMBER.findall(cell)}
    held = np.array(sorted(values))
    said = [*report.summary]
    said += [b.text for s in report.sections for b in s.blocks if isinstance(b, Paragraph)]
    numbers = [number for text in said for number in NUMBER.findall(text)]
    assert len(numbers) > 15
    for number in numbers:
        digits = len(number.partition(".")[2])
        value = float(number.replace("−", "-"))
        wanted = np.round(held, digits) == round(value, digits)
        share = np.round(100.0 * held, digits) == round(value, digits)  # written in per cent
        assert wanted.any() or share.any(), number


def test_figures_draw_the_numbers_of_their_tables(report: Report) -> None:
    (_, drawn), *_ = report.figures["blinding"].panels
    points = [trace["x"][0] for trace in drawn.to_dict()["data"]]
    assert points == report.tables["blinding"].frame["index"].tolist()
    (_, curve), *_ = report.figures["power"].panels
    frame = report.tables["power_curve"].frame
    first = frame[frame["alpha"] == frame["alpha"].iloc[0]]
    assert curve.to_dict()["data"][0]["y"] == first["power"].tolist()


def test_the_estimation_plot_shows_every_participant(findings: Findings, report: Report) -> None:
    result = findings.families[0].contrasts[0]
    _, drawn = report.figures["estimation"].panels[0]
    clouds = [trace["y"] for trace in cast(Any, drawn.data) if trace["mode"] == "markers"]
    assert [len(cloud) for cloud in clouds] == [24, 24, 24, 1]
    assert sorted(clouds[2]) == pytest.approx(sorted(result.values))


def test_the_flow_is_drawn_with_every_count_and_reason(report: Report) -> None:
    (_, drawn), *_ = report.figures["flow"].panels
    text = " ".join(note["text"] for note in drawn.to_dict()["layout"]["annotations"])
    for step in ("Consented", "Eligible", "Completed", "Analysed", "straight-lining: 0"):
        assert step in text
    assert text.count("n = 24") == 4


def test_symbols_are_set_as_the_manual_of_style_has_them(page: str) -> None:
    assert "<i>t</i>(23)" in page
    assert "<i>d</i><sub>z</sub>" in page
    assert "<i>p</i><sub>Holm</sub>" in page
    assert '<th scope="col" class="n"><i>SD</i></th>' in page


def test_repeated_labels_are_blanked_and_stay_for_readers_of_the_source(report: Report) -> None:
    table = report.tables["means"]
    assert table.repeats()[:4] == [0, 1, 1, 0]
    assert [row[0] for row in table.rows()[:3]] == ["quality"] * 3


def test_the_reports_blinding_says_how_many_named_the_arm_that_learns(
    findings: Findings, page: str
) -> None:
    named = findings.guesses[0].indices[0]
    assert named.arm == "hare"
    assert f"{named.count} of {named.total} participants named HARE, the arm that learns" in page


def test_a_guess_among_three_arms_is_a_share_corrected_for_chance_and_not_bangs_index(
    findings: Findings, report: Report
) -> None:
    assert len(findings.guesses[0].indices) == 3
    said = words.blinding(findings.guesses[0])
    assert "the share corrected for chance is" in said
    assert "James's index says the same again" in said
    assert "Bang" not in said
    assert "corrected for chance (Bang's index where" in report.figures["blinding"].caption


@pytest.mark.usefixtures("analysed")
def test_figures_are_written_as_svg_and_shown_by_the_markdown(
    pilot: Export, tmp_path: Path
) -> None:
    index = write_report(pilot.folder, tmp_path / "out", simulated=True, figures="svg")
    drawn = sorted((index.parent / "figures").glob("*.svg"))
    assert {"flow-1.svg", "estimation-2.svg", "forest-1.svg"} <= {path.name for path in drawn}
    assert all(path.read_text().startswith("<svg") for path in drawn)
    text = (index.parent / "report.md").read_text()
    for path in drawn:
        assert f"](figures/{path.name})" in text


@pytest.mark.usefixtures("analysed")
def test_a_missing_kaleido_is_explained_and_nothing_is_written(
    pilot: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda name: None)
    with pytest.raises(ReportError, match="pip install kaleido"):
        write_report(pilot.folder, tmp_path / "out", simulated=True, figures="png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("analysed")
def test_a_missing_browser_is_explained_and_nothing_is_written(
    pilot: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    with pytest.raises(ReportError, match="need Chrome or Chromium"):
        write_report(pilot.folder, tmp_path / "out", simulated=True, figures="svg")
    assert list(tmp_path.iterdir()) == []
