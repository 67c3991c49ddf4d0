"""The checker finds what a language model does wrong, and passes what people wrote."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hare.data.checker import Checker
from hare.data.corpus import Corpus, compose
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
