"""The measures of written texts and their page, on the tiny model and on made-up figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from hare.arms.hare_arm import HareArm
from hare.data.corpus import Corpus, load_corpus
from hare.errors import InputError, SettingsError
from hare.experiments.text import measure_text
from hare.experiments.text_ablations import ablate_exploration
from hare.experiments.text_cases import CONVERGED, draw_cases
from hare.experiments.text_nats import own_nats
from hare.experiments.text_page import FIGURES, aims, quality_section, write_page
from hare.synthesis.resources import Resources

KEYS = [
    "well_formed",
    "garbled_documents",
    "domain_accuracy_seen",
    "domain_accuracy_heldout",
    "domain_accuracy_shuffled",
    "task_accuracy_heldout",
    "level_accuracy_heldout",
    "nats_conditioned",
    "nats_unconditioned",
    "nats_shuffled",
    "ppl_conditioned",
    "ppl_unconditioned",
    "ppl_shuffled",
    "verbatim_sentences",
    "novelty",
    "tokens_per_second",
]


@pytest.fixture(scope="module")
def figures(tiny_resources: Resources) -> dict[str, float]:
    return measure_text(tiny_resources, 2, seed=3)


def test_every_promised_figure_is_there_and_finite(figures: dict[str, float]) -> None:
    assert set(KEYS) <= set(figures)
    assert all(np.isfinite(value) for value in figures.values())
    assert figures["texts"] == 4


def test_the_judges_know_composed_texts_better_than_chance(figures: dict[str, float]) -> None:
    assert figures["judge_domain_composed"] > 0.9
    assert figures["judge_task_composed"] > 0.9
    assert figures["judge_level_composed"] > 0.9


def test_cases_alternate_between_seen_and_held_out_cells(
    tiny_resources: Resources, corpus: Corpus
) -> None:
    cases = draw_cases(tiny_resources, HareArm(tiny_resources), 6, seed=1)
    assert [case.held_out for case in cases] == [False, True] * 6
    for case in cases:
        assert corpus.held_out(case.domain, case.task) == case.held_out
        assert case.request.query in corpus.tasks[case.task].requests["test"]
        assert case.request.state.rounds == CONVERGED
    with pytest.raises(SettingsError, match="texts = 0"):
        draw_cases(tiny_resources, HareArm(tiny_resources), 0, seed=1)


def test_equal_seeds_give_equal_nats(tiny_resources: Resources) -> None:
    arm = HareArm(tiny_resources)
    cases = draw_cases(tiny_resources, arm, 2, seed=1)
    one, other = (own_nats(tiny_resources, arm, cases, seed=5) for _ in range(2))
    assert one == other
    assert set(one) == {"conditioned", "unconditioned", "shuffled"}


def test_exploration_is_ablated_against_the_default(
    tiny_resources: Resources, tiny_model: Path
) -> None:
    rows = ablate_exploration(str(tiny_model), raters=3, rounds=1, seed=2, drafts=1)
    assert rows[0]["variant"] == "default"
    assert rows[0]["difference"] == 0.0
    assert len({row["variant"] for row in rows}) == len(rows) >= 6


def good() -> dict[str, float]:
    names = [*KEYS, "domains", "tasks", "texts", "first_drafts_accepted", "copied_documents"]
    names += ["verbatim_sentences_composed", "both_domains", "domains_new", "domains_one"]
    for cost in ("nats", "ppl", "bits_per_byte"):
        names += [f"{cost}_{c}" for c in ("conditioned", "unconditioned", "shuffled")]
    for label in ("domain", "task", "level"):
        names += [f"{label}_accuracy_{w}" for w in ("seen", "heldout", "shuffled")]
        names += [f"judge_{label}_{kind}" for kind in ("written", "composed")]
    values = dict.fromkeys(names, 1.0)
    return values | {
        "domains": 12.0,
        "garbled_documents": 0.0,
        "domain_accuracy_shuffled": 0.08,
        "nats_shuffled": 60.0,
        "nats_conditioned": 40.0,
    }


def test_aims_are_met_or_missed_by_the_figures_alone() -> None:
    assert all(met for *_, met in aims(good()))
    missed = [name for name, *_, met in aims(good() | {"level_accuracy_heldout": 0.79}) if not met]
    assert missed == ["level, held-out cells >= .80"]
    close = good() | {"nats_shuffled": 49.9}
    assert [met for *_, met in aims(close)][-1] is False
    assert "**missed**" in quality_section(close)


def test_the_page_says_what_is_not_measured_and_refuses_broken_files(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text(json.dumps(good()), "utf-8")
    (tmp_path / "text_notes.md").write_text("## What was learned\n\nSomething.", "utf-8")
    text = write_page(tmp_path).read_text("utf-8")
    assert "## What was learned" in text
    assert "`text_curve.json` is missing" in text
    assert "well-formed >= .98" in text
    (tmp_path / "text_curve.json").write_text("{", "utf-8")
    with pytest.raises(InputError, match=r"text_curve\.json: not JSON"):
        write_page(tmp_path)


def test_the_curve_is_drawn_from_its_file(tmp_path: Path) -> None:
    point: dict[str, Any] = {"rating": 3.0, "rating_ci_low": 2.8, "rating_ci_high": 3.2}
    points = [
        {"arm": arm, "round": r, "liked_domain": 0.5, "bertscore": None, "entropy": None, **point}
        for arm in ("hare", "rag")
        for r in (1, 2)
    ]
    (tmp_path / "text_curve.json").write_text(json.dumps({"points": points}), "utf-8")
    figure = FIGURES["text_curve"](tmp_path)
    assert {trace.name for trace in cast(Any, figure.data) if trace.showlegend} == {"hare", "rag"}


def test_the_corpus_is_the_one_that_the_figures_speak_of() -> None:
    assert (len(load_corpus().domains), len(load_corpus().tasks)) == (12, 14)
