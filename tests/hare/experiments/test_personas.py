"""Personas: known taste, met by ratings through the arm's own learning and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from hare.arms import Arm
from hare.data.corpus import Corpus
from hare.data.skills import LEVELS, format_skill
from hare.errors import SettingsError
from hare.experiments.personas import OWN_SHARE, PERSONAS, RATINGS, Persona, meet, meet_all
from hare.synthesis.resources import Resources


def test_there_are_five_of_different_known_domains(corpus: Corpus) -> None:
    assert len({persona.domain for persona in PERSONAS}) == 5
    assert {persona.domain for persona in PERSONAS} <= set(corpus.domains)
    assert {persona.level for persona in PERSONAS} == set(LEVELS)


def test_their_ratings_follow_domain_and_level_with_noise(corpus: Corpus) -> None:
    persona = Persona("security", "expert")
    rng = np.random.default_rng(1)
    own = [s for s in corpus.written if (s.domain, s.level) == ("security", "expert")]
    foreign = [s for s in corpus.written if s.domain != "security" and s.level != "expert"]
    liked = [persona.rate(skill, rng) for skill in own for _ in range(20)]
    others = [persona.rate(skill, rng) for skill in foreign]
    assert set(liked) | set(others) <= {1, 2, 3, 4, 5}
    assert len(set(others)) > 1
    assert np.mean(liked) > np.mean(others) + 2


def test_a_state_a_rating_and_every_state_is_the_arm_s_own(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    arm = tiny_arms["hare"]
    user = meet(PERSONAS[0], arm, tiny_resources, seed=1)
    assert len(user.shown) == len(user.ratings) == RATINGS
    assert [state.rounds for state in user.states] == list(range(RATINGS + 1))
    assert user.states[0] == arm.initial_state()
    assert user.state is user.states[-1]
    rewards = user.state.arrays["rewards"]
    np.testing.assert_array_equal(rewards, (np.array(user.ratings) - 1) / 4)


def test_they_rate_texts_that_the_pool_does_not_hold_half_of_them_their_own(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources, corpus: Corpus
) -> None:
    users = meet_all(tiny_arms["hare"], tiny_resources, seed=2)
    pool = {format_skill(skill) for skill in tiny_resources.trained.pool.skills}
    shares = []
    for user in users:
        assert len(set(user.shown)) == RATINGS
        assert not pool & {format_skill(skill) for skill in user.shown}
        assert not any(corpus.held_out(s.domain, s.task) for s in user.shown)
        shares.append(np.mean([s.domain == user.persona.domain for s in user.shown]))
    assert abs(np.mean(shares) - OWN_SHARE) < 0.2


def test_equal_seeds_meet_equal_users_and_personas_differ(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    arm = tiny_arms["hare"]
    first, second = (meet_all(arm, tiny_resources, 3, PERSONAS[:2], ratings=4) for _ in range(2))
    assert [user.state for user in first] == [user.state for user in second]
    assert first[0].state != first[1].state
    assert meet(PERSONAS[0], arm, tiny_resources, 4, ratings=4).state != first[0].state


def test_an_arm_without_a_user_learns_nothing_of_them(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    arm = tiny_arms["rag"]
    assert meet(PERSONAS[1], arm, tiny_resources, 1, ratings=3).state == arm.initial_state()


@pytest.mark.parametrize("ratings", [-1, 500])
def test_ratings_of_a_number_that_cannot_be_given_are_refused(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources, ratings: int
) -> None:
    with pytest.raises(SettingsError, match="ratings"):
        meet(PERSONAS[0], tiny_arms["hare"], tiny_resources, 1, ratings)
