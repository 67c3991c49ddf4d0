"""Divergence between users: what texts of their own give, and what chance gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hare.arms import Arm
from hare.data.corpus import Corpus, compose
from hare.data.skills import LEVELS, format_skill
from hare.errors import SettingsError
from hare.experiments.__main__ import main
from hare.experiments.divergence import (
    ARMS,
    MEASURES,
    compare,
    effects_by_request,
    measure_divergence,
    vectors_of,
)
from hare.experiments.divergence_report import FIGURE, draw_map, map_figure, section
from hare.experiments.divergence_texts import (
    IDEAL,
    Text,
    Wording,
    draw_wordings,
    ideal_texts,
    write_texts,
)
from hare.experiments.personas import PERSONAS, meet_all
from hare.metrics.personalisation import personalisation_divergence
from hare.synthesis.resources import Resources

SOURCES = (*ARMS, IDEAL)
TASKS = ("tests", "plan", "review", "explain")
WORDINGS = [Wording(task, f"please {task}") for task in TASKS]


@pytest.fixture(scope="module")
def texts(corpus: Corpus) -> list[Text]:
    """An arm that gives everybody their own domain and level, and two that give any."""
    rng = np.random.default_rng(5)
    written = ideal_texts(PERSONAS, WORDINGS, 3, seed=1)
    for arm in ARMS:
        for persona in PERSONAS:
            for k, task in enumerate(TASKS):
                for seed in range(3):
                    any_domain = str(rng.choice(list(corpus.domains)))
                    domain = persona.domain if arm == "hare" else any_domain
                    level = persona.level if arm == "hare" else LEVELS[rng.integers(3)]
                    text = format_skill(compose(corpus, domain, task, level, rng))
                    written.append(Text(arm, persona.domain, k, seed, text))
    return written


@pytest.fixture(scope="module")
def compared(texts: list[Text], tiny_resources: Resources) -> dict[str, Any]:
    vectors = vectors_of(texts, tiny_resources.encoder)
    return compare(texts, vectors, WORDINGS, draws=199, seed=1)


@pytest.fixture(scope="module")
def found(tiny_resources: Resources) -> dict[str, Any]:
    return measure_divergence(tiny_resources, texts_per=2, requests=2, draws=49)


def test_texts_of_one_s_own_diverge_by_both_measures_and_others_do_not(
    compared: dict[str, Any],
) -> None:
    rows = {(row["arm"], row["measure"]): row for row in compared["arms"]}
    assert set(rows) == {(arm, measure) for arm in SOURCES for measure in MEASURES}
    for measure in MEASURES:
        own = rows["hare", measure]
        assert own["effect"] == pytest.approx(rows[IDEAL, measure]["effect"], rel=0.5)
        assert own["p"] == pytest.approx(1 / 200)
        assert own["ci_low"] > 0
        assert own["superiority"] > 0.6
        assert own["d"] > 1
        for arm in ("rag", "gpt2"):
            chance = rows[arm, measure]
            assert chance["p"] > 0.02
            assert 0.35 < chance["superiority"] < 0.65
            assert chance["effect"] < own["effect"] / 3


def test_hare_s_effect_is_compared_with_that_of_every_other_arm(compared: dict[str, Any]) -> None:
    keys = {(row["measure"], row["comparator"]) for row in compared["contrasts"]}
    assert keys == {(measure, arm) for measure in MEASURES for arm in ("rag", "gpt2", IDEAL)}
    rows = {(row["arm"], row["measure"]): row["effect"] for row in compared["arms"]}
    for row in compared["contrasts"]:
        expected = rows["hare", row["measure"]] - rows[row["comparator"], row["measure"]]
        assert row["difference"] == pytest.approx(expected)
        assert row["ci_low"] < row["difference"] < row["ci_high"]
        assert (row["ci_low"] > 0) == (row["comparator"] != IDEAL)


def test_the_share_of_texts_in_the_user_s_domain_is_read_off_the_words(
    compared: dict[str, Any],
) -> None:
    shares = {(row["arm"], row["what"]): row for row in compared["shares"]}
    assert shares["hare", "own domain"]["share"] > 0.9
    assert shares["rag", "own domain"]["share"] < 0.4
    for arm in SOURCES:
        assert shares[arm, "asked task"]["share"] > 0.9
    for row in shares.values():
        assert 0 <= row["ci_low"] <= row["share"] <= row["ci_high"] <= 1


def test_effects_by_request_are_those_that_the_metric_averages(
    texts: list[Text], tiny_resources: Resources
) -> None:
    own = [text for text in texts if text.arm == "hare"]
    vectors = vectors_of(own, tiny_resources.encoder)["words"]
    users, requests = [t.domain for t in own], [t.request for t in own]
    whole = personalisation_divergence(vectors, users, requests, draws=9)
    by_request = effects_by_request(vectors, users, requests)
    assert by_request.shape == (len(TASKS), 4)
    expected = [whole.between, whole.within, whole.effect]
    np.testing.assert_allclose(by_request.mean(axis=0)[:3], expected)


def test_superiority_counts_pairs_and_halves_ties() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert effects_by_request(vectors, ["a", "a", "b", "b"], [0] * 4)[0].tolist() == [1, 0, 1, 1]
    alike = np.ones((4, 2))
    assert effects_by_request(alike, ["a", "a", "b", "b"], [0] * 4)[0, 3] == pytest.approx(0.5)


def test_an_arm_that_repeats_itself_has_no_effect_and_no_d(tiny_resources: Resources) -> None:
    same = [
        Text(arm, persona.domain, request, 0, "# Plan the week")
        for arm in SOURCES
        for persona in PERSONAS
        for request in range(2)
        for _ in range(2)
    ]
    vectors = vectors_of(same, tiny_resources.encoder)
    found = compare(same, vectors, WORDINGS[:2], draws=9, seed=1)
    assert {row["d"] for row in found["arms"]} == {None}
    assert {row["p"] for row in found["arms"]} == {1.0}
    json.dumps(found, allow_nan=False)


def test_the_map_shows_every_text_less_the_mean_of_its_request(
    compared: dict[str, Any], texts: list[Text]
) -> None:
    drawn = compared["map"]
    first, second = drawn["explained"]
    assert 0 < second <= first < 1
    assert [point["arm"] for point in drawn["points"]] == [text.arm for text in texts]
    for request in range(len(TASKS)):
        own = [(p["x"], p["y"]) for p in drawn["points"] if p["request"] == request]
        np.testing.assert_allclose(np.mean(own, axis=0), 0, atol=1e-3)


def test_requests_are_of_different_tasks_in_wordings_for_testing(corpus: Corpus) -> None:
    drawn = draw_wordings(10, seed=1)
    assert len({wording.task for wording in drawn}) == 10
    for wording in drawn:
        assert wording.text in corpus.tasks[wording.task].requests["test"]
        assert wording.text not in corpus.tasks[wording.task].requests["train"]
    assert drawn == draw_wordings(10, seed=1) != draw_wordings(10, seed=2)
    for count in (1, len(corpus.tasks) + 1):
        with pytest.raises(SettingsError, match="requests"):
            draw_wordings(count, seed=1)


def test_every_text_has_a_seed_of_its_own_and_stands_for_its_user(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    users = meet_all(tiny_arms["hare"], tiny_resources, 1, PERSONAS[:3], ratings=2)
    written = write_texts(tiny_arms, users, WORDINGS[:2], texts_per=2, seed=1)
    assert len(written) == 3 * 3 * 2 * 2
    assert len({text.seed for text in written}) == len(written)
    for arm in ARMS:
        cells = [(text.domain, text.request) for text in written if text.arm == arm]
        assert len(set(cells)) == 6
        assert all(cells.count(cell) == 2 for cell in cells)


def test_one_text_a_user_leaves_no_control_and_is_refused(tiny_resources: Resources) -> None:
    with pytest.raises(SettingsError, match="texts_per"):
        measure_divergence(tiny_resources, texts_per=1)


def test_the_page_s_section_names_every_arm_and_the_model(
    found: dict[str, Any], tmp_path: Path
) -> None:
    assert "![" not in section(found, tmp_path)
    (tmp_path / f"{FIGURE}.svg").touch()
    page = section(found, tmp_path)
    for words in (
        "HARE",
        "RAG",
        "GPT-2",
        "ideal texts",
        "data engineering",
        found["fingerprint"],
        "![",
    ):
        assert words in page
    assert "nan" not in page


def test_the_figure_has_a_panel_an_arm_and_a_point_a_text(found: dict[str, Any]) -> None:
    traces = map_figure(found).to_dict()["data"]
    assert len({trace["xaxis"] for trace in traces}) == len(SOURCES)
    assert sum(len(trace["x"]) for trace in traces) == len(found["map"]["points"])
    looks = {(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in traces}
    assert len(looks) == len(PERSONAS)


def test_the_command_writes_json_that_the_figure_is_drawn_from(
    tiny_resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hare.synthesis.resources.load_resources", lambda _: tiny_resources)
    file = tmp_path / "divergence.json"
    command = ["divergence", "--texts-per", "2", "--requests", "2", "--json", str(file)]
    assert main(command) == 0
    assert len(json.loads(file.read_text("utf-8"))["arms"]) == len(SOURCES) * len(MEASURES)
    assert draw_map(tmp_path).to_dict()["data"]
