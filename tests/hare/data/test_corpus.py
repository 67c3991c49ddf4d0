"""What the shipped corpus promises: counts, held-out cells, and texts that its checker passes."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from hare.data.checker import Checker
from hare.data.corpus import (
    MOST_WORDS,
    REASONS,
    SLOTS,
    STAGES,
    STYLES,
    Corpus,
    build_pool,
    compose,
    compose_many,
)
from hare.data.skills import LEVELS, Skill, format_skill
from hare.errors import InputError


@pytest.fixture(scope="module")
def composed(corpus: Corpus) -> list[Skill]:
    """Three texts of every cell and level, held out or not."""
    return compose_many(corpus, 3, seed=1) + compose_many(corpus, 3, seed=2, held_out=True)


def test_every_cell_composes_texts_that_the_checker_finds_clean(
    composed: list[Skill], checker: Checker
) -> None:
    cells = Counter((s.domain, s.task, s.level) for s in composed)
    assert len(cells) == 12 * 14 * 3
    assert set(cells.values()) == {3}
    unclean = [format_skill(s) for s in composed if not checker.check(format_skill(s)).clean]
    assert unclean == []


def test_a_composed_text_shows_the_domain_and_the_thing_that_it_was_made_of(
    composed: list[Skill], checker: Checker
) -> None:
    for skill in composed:
        verdict = checker.check(format_skill(skill))
        assert verdict.domains == {skill.domain}
        assert len(verdict.things) == 1


def test_composed_texts_keep_to_the_length_and_leave_no_slot_open(composed: list[Skill]) -> None:
    for skill in composed:
        text = format_skill(skill)
        assert 80 <= len(text.split()) <= MOST_WORDS
        assert "{" not in text
        assert len(skill.steps) == len(STAGES)


def test_both_styles_appear_and_an_explained_text_gives_one_or_two_reasons_more(
    composed: list[Skill], corpus: Corpus
) -> None:
    for skill in composed:
        reasons = corpus.tasks[skill.task].reasons[skill.level]
        given = [
            step.endswith(tuple(f" {reason}" for reason in reasons[stage]))
            for step, stage in zip(skill.steps, STAGES, strict=True)
        ]
        assert sum(given) in ((0,) if skill.style == "terse" else REASONS)
    styles = Counter(skill.style for skill in composed)
    assert set(styles) == set(STYLES)
    # a fair coin a text, four standard errors
    assert abs(styles["terse"] - len(composed) / 2) < 2 * len(composed) ** 0.5


@pytest.mark.parametrize("style", STYLES)
def test_a_style_that_is_asked_for_is_kept_to(corpus: Corpus, style: str) -> None:
    rng = np.random.default_rng(0)
    skills = [compose(corpus, "product", "debrief", "expert", rng, style) for _ in range(10)]
    assert {skill.style for skill in skills} == {style}


def test_equal_seeds_compose_equal_texts_and_other_seeds_others(corpus: Corpus) -> None:
    def written(seed: int) -> Skill:
        return compose(corpus, "writing", "plan", "expert", np.random.default_rng(seed))

    assert written(1) == written(1)
    assert len({written(seed) for seed in range(20)}) == 20


@pytest.mark.parametrize("which", ["domain", "task", "level", "style"])
def test_an_unknown_cell_or_style_is_refused_by_its_name(corpus: Corpus, which: str) -> None:
    cell = {"domain": "writing", "task": "plan", "level": "expert"} | {which: "cooking"}
    with pytest.raises(InputError, match=f"{which} = 'cooking': must be one of"):
        compose(corpus, **cell, rng=np.random.default_rng(0))


def test_the_corpus_has_twelve_domains_fourteen_tasks_and_three_levels(corpus: Corpus) -> None:
    assert len(corpus.domains) == 12
    assert len(corpus.tasks) == 14
    assert len(LEVELS) == 3
    assert list(corpus.domains) == sorted(corpus.domains)
    assert list(corpus.tasks) == sorted(corpus.tasks)


def test_every_domain_has_twelve_hand_written_skills_over_many_tasks_and_all_levels(
    corpus: Corpus,
) -> None:
    for domain in corpus.domains:
        own = [s for s in corpus.written if s.domain == domain]
        assert len(own) >= 12
        assert len({s.task for s in own}) >= 6
        assert {s.level for s in own} == set(LEVELS)
        assert {s.task for s in own} <= set(corpus.tasks)
    assert len({s.title for s in corpus.written}) == len(corpus.written)


def test_domains_bring_enough_phrases_for_every_kind_of_thing(corpus: Corpus) -> None:
    least = {"thing": 15, "tool": 10, "risk": 15, "check": 15, "move": 12, "evidence": 10}
    for domain in corpus.domains.values():
        for slot in SLOTS:
            assert len(domain.atoms[slot]) >= least[slot], (domain.id, slot)
        for thing in domain.atoms["thing"]:
            assert len(thing.kinds) == 1
            for slot in SLOTS[1:]:
                assert any(a.kinds & thing.kinds for a in domain.atoms[slot]), (thing.text, slot)


def test_a_phrase_belongs_to_one_domain_and_one_slot(corpus: Corpus) -> None:
    owners = Counter(
        atom.text.lower()
        for domain in corpus.domains.values()
        for slot in SLOTS
        for atom in domain.atoms[slot]
    )
    assert [phrase for phrase, count in owners.items() if count > 1] == []


def test_tasks_bring_enough_templates_and_each_step_several_phrasings(corpus: Corpus) -> None:
    for task in corpus.tasks.values():
        assert len(task.titles) >= 8
        for level in LEVELS:
            assert len(task.descriptions[level]) >= 8
            assert len(task.when[level]) >= 8
            assert len(task.examples[level]) >= 6
            steps = [step for stage in STAGES for step in task.steps[level][stage]]
            assert len(steps) >= 10
            assert all(len(step) >= 2 for step in steps)
            assert all(len(task.reasons[level][stage]) >= 3 for stage in STAGES)


def test_every_level_has_descriptions_occasions_and_examples_of_its_own(corpus: Corpus) -> None:
    for task in corpus.tasks.values():
        for section in (task.descriptions, task.when, task.examples):
            for level in LEVELS:
                others = {line for v in LEVELS if v != level for line in section[v]}
                assert len(set(section[level]) - others) >= 4, (task.id, level)


def test_templates_know_no_slot_but_the_six(corpus: Corpus) -> None:
    for task in corpus.tasks.values():
        lines = [*task.titles]
        for level in LEVELS:
            lines += [*task.descriptions[level], *task.when[level], *task.examples[level]]
            for stage in STAGES:
                lines += task.reasons[level][stage]
                lines += [phrasing for step in task.steps[level][stage] for phrasing in step]
        slots = {name.lower() for line in lines for name in re.findall(r"\{(\w+)\}", line)}
        assert slots <= set(SLOTS)
        assert all("{thing}" in line.lower() for line in task.titles)


def test_every_task_has_many_wordings_and_those_for_testing_are_others(corpus: Corpus) -> None:
    everywhere: Counter[str] = Counter()
    for task in corpus.tasks.values():
        assert len(set(task.requests["train"])) >= 165
        assert len(set(task.requests["test"])) >= 30
        for part in ("train", "test"):
            everywhere.update(w.lower() for w in task.requests[part])
    assert [wording for wording, count in everywhere.items() if count > 1] == []


def test_no_request_names_a_domain(corpus: Corpus) -> None:
    # The names of the domains, and the one word of each that everyone would call it by.
    names = {d.name.lower() for d in corpus.domains.values()} | {
        "backend", "customer support", "data engineering", "devops", "education", "frontend",
        "machine learning", "product", "productivity", "research", "security",
    }  # fmt: skip
    domain = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names - {"writing"}))) + r")\b")
    named = [
        wording
        for task in corpus.tasks.values()
        for part in ("train", "test")
        for wording in task.requests[part]
        if domain.search(wording.lower())
    ]
    assert named == []


def test_no_request_holds_a_phrase_of_a_domain(corpus: Corpus) -> None:
    phrases = [
        atom.text.lower()
        for domain in corpus.domains.values()
        for slot in SLOTS
        for atom in domain.atoms[slot]
    ]
    for task in corpus.tasks.values():
        text = "\n".join(w.lower() for part in ("train", "test") for w in task.requests[part])
        assert [phrase for phrase in phrases if phrase in text] == []


def test_a_fifth_of_the_cells_is_held_out_two_or_three_of_each_domain_and_of_each_task(
    corpus: Corpus,
) -> None:
    held_out, kept = list(corpus.cells(held_out=True)), list(corpus.cells(held_out=False))
    assert (len(held_out), len(kept)) == (34, 134)
    by_domain = Counter(domain for domain, _ in held_out)
    by_task = Counter(task for _, task in held_out)
    assert (set(by_domain), set(by_task)) == (set(corpus.domains), set(corpus.tasks))
    assert set(by_domain.values()) == set(by_task.values()) == {2, 3}
    assert not set(held_out) & set(kept)


def test_the_pool_has_every_kept_cell_and_level_and_no_held_out_cell(corpus: Corpus) -> None:
    pool = build_pool(corpus)
    cells = {(s.domain, s.task) for s in pool}
    assert cells == set(corpus.cells(held_out=False))
    assert {(s.domain, s.level) for s in pool} == {(d, v) for d in corpus.domains for v in LEVELS}
    assert len(set(pool)) == len(pool)
    assert pool == build_pool(corpus)


def test_every_skill_says_where_it_comes_from(corpus: Corpus) -> None:
    for skill in build_pool(corpus, per_cell=1):
        assert skill.source.startswith("hare corpus")
        assert skill.licence == "Apache-2.0"
