"""What the shipped corpus promises: counts, held-out cells, and texts that its checker passes."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from hare.data.checker import Checker
from hare.data.corpus import (
    MOST_WORDS,
    SLOTS,
    STAGES,
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
    assert len(cells) == 10 * 10 * 3
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
        assert 60 <= len(text.split()) <= MOST_WORDS
        assert "{" not in text
        assert len(skill.steps) == len(STAGES)


def test_equal_seeds_compose_equal_texts_and_other_seeds_others(corpus: Corpus) -> None:
    def written(seed: int) -> Skill:
        return compose(corpus, "writing", "plan", "expert", np.random.default_rng(seed))

    assert written(1) == written(1)
    assert len({written(seed) for seed in range(20)}) == 20


@pytest.mark.parametrize("which", ["domain", "task", "level"])
def test_an_unknown_cell_is_refused_by_its_name(corpus: Corpus, which: str) -> None:
    cell = {"domain": "writing", "task": "plan", "level": "expert"} | {which: "cooking"}
    with pytest.raises(InputError, match=f"{which} = 'cooking': must be one of"):
        compose(corpus, **cell, rng=np.random.default_rng(0))


def test_the_corpus_has_ten_domains_ten_tasks_and_three_levels(corpus: Corpus) -> None:
    assert len(corpus.domains) == 10
    assert len(corpus.tasks) == 10
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
        assert min(len(task.titles), len(task.descriptions)) >= 8
        assert len(task.examples) >= 6
        for level in LEVELS:
            steps = [step for stage in STAGES for step in task.steps[level][stage]]
            assert len(steps) >= 10
            assert all(len(step) >= 2 for step in steps)


def test_templates_know_no_slot_but_the_six(corpus: Corpus) -> None:
    for task in corpus.tasks.values():
        lines = [*task.titles, *task.descriptions, *task.when, *task.examples]
        for level in LEVELS:
            for stage in STAGES:
                lines += [phrasing for step in task.steps[level][stage] for phrasing in step]
        slots = {name.lower() for line in lines for name in re.findall(r"\{(\w+)\}", line)}
        assert slots <= set(SLOTS)
        assert all("{thing}" in line.lower() for line in task.titles)


def test_every_task_has_many_wordings_and_those_for_testing_are_others(corpus: Corpus) -> None:
    everywhere: Counter[str] = Counter()
    for task in corpus.tasks.values():
        assert len(set(task.requests["train"])) >= 110
        assert len(set(task.requests["test"])) >= 10
        for part in ("train", "test"):
            everywhere.update(w.lower() for w in task.requests[part])
    assert [wording for wording, count in everywhere.items() if count > 1] == []


def test_no_request_names_a_domain(corpus: Corpus) -> None:
    # The names of the domains, and the one word of each that everyone would call it by.
    names = {d.name.lower() for d in corpus.domains.values()} | {
        "backend", "data engineering", "devops", "education", "frontend", "machine learning",
        "productivity", "research", "security",
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


def test_a_fifth_of_the_cells_is_held_out_two_of_each_domain_and_of_each_task(
    corpus: Corpus,
) -> None:
    held_out, kept = list(corpus.cells(held_out=True)), list(corpus.cells(held_out=False))
    assert (len(held_out), len(kept)) == (20, 80)
    assert set(Counter(domain for domain, _ in held_out).values()) == {2}
    assert set(Counter(task for _, task in held_out).values()) == {2}
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
