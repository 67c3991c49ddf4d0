"""The checker finds what a language model does wrong, and passes what people wrote."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.data.checker import Checker, any_of
from hare.data.corpus import STAGES, Corpus, compose
from hare.data.skills import Skill, format_skill


@pytest.fixture(scope="module")
def sound(corpus: Corpus) -> Skill:
    return compose(corpus, "devops", "review", "practitioner", np.random.default_rng(3))


def filled(corpus: Corpus, domain: str, rng: int) -> Skill:
    return compose(corpus, domain, "plan", "beginner", np.random.default_rng(rng))


def test_hand_written_skills_are_clean_and_claim_no_domain(
    corpus: Corpus, checker: Checker
) -> None:
    for skill in corpus.written:
        verdict = checker.check(format_skill(skill))
        assert verdict.clean
        assert not verdict.domains


def test_a_garbled_line_is_named(sound: Skill, checker: Checker) -> None:
    line = "Write the list down of before the and it."
    verdict = checker.check(format_skill(dataclasses.replace(sound, example=line)))
    assert verdict.well_formed
    assert verdict.garbled == (line,)
    assert not verdict.clean
    assert not verdict.switches_topic


@pytest.mark.parametrize("section", ["title", "description", "when", "example"])
def test_a_line_with_two_words_swapped_is_garbled(
    section: str, sound: Skill, checker: Checker
) -> None:
    words = getattr(sound, section).split()
    words[0], words[1] = words[1], words[0]
    spoilt = dataclasses.replace(sound, **{section: " ".join(words)})
    assert checker.check(format_skill(spoilt)).garbled == (" ".join(words),)


def test_a_second_thing_is_a_switch_of_topic(
    corpus: Corpus, sound: Skill, checker: Checker
) -> None:
    (thing,) = checker.check(format_skill(sound)).things
    others = (a.text for a in corpus.domains["devops"].atoms["thing"] if a.text.lower() != thing)
    title = sound.title.lower().replace(thing, next(others)).capitalize()
    verdict = checker.check(format_skill(dataclasses.replace(sound, title=title)))
    assert verdict.garbled == ()
    assert len(verdict.things) == 2
    assert verdict.domains == {"devops"}
    assert verdict.switches_topic
    assert not verdict.clean


def test_a_phrase_of_a_foreign_domain_is_found(
    corpus: Corpus, sound: Skill, checker: Checker
) -> None:
    foreign = filled(corpus, "education", 4)
    mixed = dataclasses.replace(sound, title=foreign.title)
    verdict = checker.check(format_skill(mixed))
    assert verdict.garbled == ()
    assert verdict.domains == {"devops", "education"}
    assert not verdict.clean


def test_a_text_without_its_sections_is_not_well_formed(checker: Checker) -> None:
    verdict = checker.check("Just some advice.")
    assert not verdict.well_formed
    assert not verdict.clean


def test_case_does_not_matter_to_the_grammar(sound: Skill, checker: Checker) -> None:
    quiet = dataclasses.replace(sound, title=sound.title.lower())
    assert checker.check(format_skill(quiet)).clean


def test_a_step_may_be_explained_by_a_reason_of_its_stage_and_by_no_other(
    corpus: Corpus, checker: Checker
) -> None:
    rng = np.random.default_rng(1)
    terse = compose(corpus, "devops", "review", "practitioner", rng, style="terse")
    reasons = corpus.tasks["review"].reasons["practitioner"]
    assert not set(reasons["prepare"]) & set(reasons["close"])

    def explained(stage: str) -> Skill:
        first, *rest = terse.steps
        return dataclasses.replace(terse, steps=(f"{first} {reasons[stage][0]}", *rest))

    assert checker.check(format_skill(explained(STAGES[0]))).clean
    wrong = explained(STAGES[-1])
    assert checker.check(format_skill(wrong)).garbled == (wrong.steps[0],)


def test_a_reason_alone_is_no_step(corpus: Corpus, sound: Skill, checker: Checker) -> None:
    reason = corpus.tasks["review"].reasons["practitioner"]["prepare"][0]
    bare = dataclasses.replace(sound, steps=(reason, *sound.steps[1:]))
    assert checker.check(format_skill(bare)).garbled == (reason,)


@given(st.sets(st.text("ab.", min_size=1, max_size=6), min_size=1), st.text("ab.", max_size=30))
def test_the_grouped_pattern_finds_what_the_plain_one_finds(phrases: set[str], text: str) -> None:
    plain = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    assert re.findall(any_of(phrases), text) == re.findall(plain, text)
