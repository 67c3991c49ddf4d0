"""One request, five users: attention and texts, on the page, in the figure and in the terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hare.__main__ import main as hare_main
from hare.errors import SettingsError
from hare.experiments import demo
from hare.experiments.__main__ import main
from hare.experiments.five_users import QUERY, cluster_names, measure_five_users
from hare.experiments.five_users_report import FIGURE, attention_figure, draw_attention, section
from hare.experiments.personas import PERSONAS, RATINGS
from hare.synthesis.resources import Resources

TEXT = (
    "# Try it\n\nA | b.\n\n## When to use\nNow.\n\n## Instructions\n1. Go.\n\n## Example\nShe did."
)


@pytest.fixture(scope="module")
def found(tiny_resources: Resources) -> dict[str, Any]:
    return measure_five_users(tiny_resources)


@pytest.fixture
def written(found: dict[str, Any]) -> dict[str, Any]:
    """The same with texts that make sense."""
    sound = {"text": TEXT, "speaks_of": ["security"], "notes": []}
    return {
        **found,
        "users": [{**user, "shown": sound} for user in found["users"]],
        "others": dict.fromkeys(found["others"], sound),
    }


def test_five_users_ask_the_same_and_are_attended_differently(found: dict[str, Any]) -> None:
    assert found["query"] == QUERY
    assert [user["domain"] for user in found["users"]] == [p.domain for p in PERSONAS]
    assert set(found["others"]) == {"rag", "gpt2"}
    assert len({tuple(user["by_cluster"]) for user in found["users"]}) == 5


def test_attention_sums_to_one_and_the_top_items_are_in_order(
    found: dict[str, Any], tiny_resources: Resources
) -> None:
    titles = {skill.title for skill in tiny_resources.trained.pool.skills}
    for user in found["users"]:
        assert sum(user["by_domain"].values()) == pytest.approx(1, abs=1e-4)
        assert sum(user["by_cluster"]) == pytest.approx(1, abs=1e-4)
        weights = [item["weight"] for item in user["top"]]
        assert weights == sorted(weights, reverse=True)
        assert {item["title"] for item in user["top"]} <= titles


def test_what_is_known_of_a_user_is_told_by_rating(found: dict[str, Any]) -> None:
    for user in found["users"]:
        assert len(user["ratings"]) == RATINGS
        for name in ("uncertainty", "entropy", "mutual_information"):
            assert len(user[name]) == RATINGS + 1
        assert user["uncertainty"][0] == pytest.approx(1)
        assert user["uncertainty"][-1] < 1
        assert min(user["mutual_information"]) >= 0


def test_clusters_are_named_after_the_domain_of_most_of_their_items(
    tiny_resources: Resources,
) -> None:
    pool = tiny_resources.trained.pool
    names = cluster_names(pool)
    assert len(names) == pool.clusters.max() + 1
    number, rest = names[0].split(" ", 1)
    domain, share = rest.rsplit(" ", 1)
    inside = np.flatnonzero(pool.clusters == int(number))
    of_it = np.mean([pool.skills[i].domain.replace("_", " ") == domain for i in inside])
    assert share == f"{of_it:.0%}"


def test_a_blank_request_and_an_empty_list_are_refused(tiny_resources: Resources) -> None:
    with pytest.raises(SettingsError, match="query"):
        measure_five_users(tiny_resources, "  ")
    with pytest.raises(SettingsError, match="top"):
        measure_five_users(tiny_resources, top=0)


def test_the_section_shows_texts_side_by_side_and_whole_without_headings_of_theirs(
    written: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / f"{FIGURE}.svg").touch()
    page = section(written, tmp_path)
    assert page.count("**Try it**") == page.count("<details>") == 7
    assert page.count("> 1. Go.") == 7
    assert not [line for line in page.split("\n") if line.startswith("#")]
    rows = [line for line in page.split("\n") if line.startswith("| HARE,")]
    assert len(rows) == 5
    assert all("A \\| b." in row for row in rows)
    assert "![" in page


def test_a_text_without_form_still_fits_the_table(found: dict[str, Any], tmp_path: Path) -> None:
    long = {"text": "x" * 3000, "speaks_of": [], "notes": ["no draft was sound"]}
    page = section({**found, "others": {"rag": long}}, tmp_path)
    row = next(line for line in page.split("\n") if line.startswith("| RAG"))
    assert len(row) < 250
    assert "(no draft was sound)" in page


def test_the_figure_has_four_panels_for_the_same_five_users(found: dict[str, Any]) -> None:
    traces = attention_figure(found).to_dict()["data"]
    assert len({trace["xaxis"] for trace in traces}) == 4
    heat = [trace for trace in traces if trace["type"] == "heatmap"]
    assert all(list(trace["y"]) == [p.label for p in PERSONAS] for trace in heat)
    assert len([trace for trace in traces if trace["type"] == "scatter"]) == 2 * 5


def test_the_demonstration_is_plain_and_at_most_80_columns_wide(found: dict[str, Any]) -> None:
    shown = list(demo.lines(found, demo.Ink(False)))
    assert max(map(len, shown)) <= 80
    assert not any("\x1b" in line for line in shown)
    for persona in PERSONAS:
        assert any(line.startswith(f"HARE for {persona.label}") for line in shown)
    narrow = list(demo.lines(found, demo.Ink(False), 50))
    assert max(map(len, narrow)) <= 50


def test_only_a_terminal_that_wants_colours_gets_them(
    written: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert demo.Ink.of(Terminal()).coloured
    assert not demo.Ink.of(io.StringIO()).coloured
    assert "\x1b[1m" in "".join(demo.lines(written, demo.Ink(True)))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not demo.Ink.of(Terminal()).coloured


def test_a_stream_that_knows_ascii_alone_is_written_to(written: dict[str, Any]) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    curly = {**written["others"]["rag"], "text": TEXT.replace("She", "“She”")}
    demo.show({**written, "others": {"rag": curly}}, stream)
    stream.flush()
    assert b"#" in raw.getvalue()
    assert b"?She?" in raw.getvalue()


def test_it_says_in_one_line_what_wrote_the_texts(found: dict[str, Any]) -> None:
    assert demo.about(found) == "Written by a small model of our own, not OpenAI's GPT-2 (tiny)."
    tuned = {**found, "own_model": False, "model": "ours", "base": "distilgpt2"}
    assert demo.about(tuned) == "Written by ours, fine-tuned from distilgpt2."


def test_the_commands_print_it_and_write_its_json(
    tiny_resources: Resources,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("hare.synthesis.resources.load_resources", lambda _: tiny_resources)
    file = tmp_path / "five_users.json"
    assert main(["five-users", "--request", "Test it", "--json", str(file)]) == 0
    assert json.loads(file.read_text("utf-8"))["query"] == "Test it"
    assert draw_attention(tmp_path).to_dict()["data"]
    assert hare_main(["demo"]) == 0
    assert "not OpenAI's GPT-2" in capsys.readouterr().out
    assert hare_main(["demo", "--request", " "]) == 1
    assert "query" in capsys.readouterr().err
