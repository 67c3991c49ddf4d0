"""The shipped model as a study meets it: whole, small, readable, personal, honestly named."""

from __future__ import annotations

import numpy as np
import pytest

from hare.arms import Request, ResourceSettings, UserState, build_arms
from hare.arms.hare_arm import HareArm
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import format_skill, is_well_formed
from hare.simulation.raters import read
from hare.synthesis.model_files import EMBEDDED, load_model
from hare.synthesis.resources import Resources, load_resources

QUERY = "I want to check that what I built really works before anyone relies on it."


@pytest.fixture(scope="module")
def resources() -> Resources:
    return load_resources(ResourceSettings())


@pytest.fixture(scope="module")
def arm(resources: Resources) -> HareArm:
    return HareArm(resources)


def known_user(resources: Resources, arm: HareArm, domain: str) -> UserState:
    """Someone who gave full marks to texts of a domain and none to others."""
    state = arm.initial_state()
    skills = compose_many(load_corpus(), 1, seed=31)
    rng = np.random.default_rng(5)
    own = [s for s in skills if s.domain == domain]
    others = [s for s in skills if s.domain != domain]
    shown = [own[i] for i in rng.permutation(len(own))[:8]]
    shown += [others[i] for i in rng.permutation(len(others))[:12]]
    template = arm.recommend([Request(QUERY, state, 0)])[0]
    for skill in shown:
        features = {"text": resources.features(format_skill(skill))}
        rated = type(template)("", features, template.diagnostics, template.provenance)
        state = arm.learn(state, rated, 1.0 if skill.domain == domain else 0.0)
    return state


def test_it_is_under_20_mib_and_its_files_are_as_recorded() -> None:
    assert sum(p.stat().st_size for p in EMBEDDED.rglob("*") if p.is_file()) < 20 * 2**20
    assert load_model().fingerprint  # load_model refuses altered files


def test_its_card_names_the_fingerprint_and_says_that_it_is_not_gpt2() -> None:
    card = (EMBEDDED / "MODEL_CARD.md").read_text("utf-8")
    assert load_model().fingerprint in card
    assert "**not** OpenAI's GPT-2" in card


def test_every_arm_writes_well_formed_texts(resources: Resources) -> None:
    arms = build_arms({"hare": "hare", "rag": "rag", "gpt2": "gpt2"})
    for arm in arms.values():
        requests = [Request(QUERY, arm.initial_state(), seed) for seed in range(8)]
        texts = [answer.text for answer in arm.recommend(requests)]
        assert sum(map(is_well_formed, texts)) >= 7
        assert len(set(texts)) > 1


def test_equal_requests_give_equal_texts(arm: HareArm) -> None:
    request = Request(QUERY, arm.initial_state(), 11)
    assert arm.recommend([request])[0].text == arm.recommend([request])[0].text


@pytest.mark.parametrize("domain", ["security", "education"])
def test_a_known_user_gets_texts_of_their_own_field(
    resources: Resources, arm: HareArm, domain: str
) -> None:
    state = known_user(resources, arm, domain)
    answers = arm.recommend([Request(QUERY, state, seed) for seed in range(8)])
    domains = list(load_corpus().domains)
    found = [domains[int(read(answer.text).domain.argmax())] for answer in answers]
    assert found.count(domain) >= 5  # by chance 2 of 24


def test_attention_narrows_as_the_user_becomes_known(resources: Resources, arm: HareArm) -> None:
    new = arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0].diagnostics
    known = arm.recommend([Request(QUERY, known_user(resources, arm, "writing"), 1)])[0].diagnostics
    assert new.uncertainty == pytest.approx(1.0)
    assert known.uncertainty is not None
    assert known.uncertainty < 1.0
    assert known.mutual_information is not None
    assert new.mutual_information is not None
    assert 0 <= known.mutual_information < new.mutual_information
