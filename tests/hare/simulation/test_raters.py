"""Simulated raters: reproducible, on the scale, and with a taste that the text alone decides."""

from __future__ import annotations

import numpy as np
import pytest

from hare.data.corpus import Corpus, compose_many
from hare.data.skills import LEVELS, Skill, format_skill
from hare.errors import InputError
from hare.simulation.raters import ITEMS, asked_task, population, read

REQUEST = "Which of these two should I choose?"


@pytest.fixture(scope="module")
def fresh(corpus: Corpus) -> list[Skill]:
    """One text of every cell and level, composed with a seed that the raters did not learn from."""
    return compose_many(corpus, 1, 555) + compose_many(corpus, 1, 556, held_out=True)


def test_equal_seeds_give_equal_raters_and_other_seeds_others() -> None:
    assert population(8, seed=3) == population(8, seed=3)
    assert population(8, seed=3) != population(8, seed=4)
    assert population(3, seed=3) == population(8, seed=3)[:3]


def test_a_population_of_nobody_is_refused() -> None:
    with pytest.raises(InputError, match="number = 0"):
        population(0, seed=1)


def test_a_rater_has_one_or_two_wishes_and_is_named_for_them(corpus: Corpus) -> None:
    domains = list(corpus.domains)
    raters = population(200, seed=1)
    for rater in raters:
        liked = {domains[i] for i in np.flatnonzero(np.array(rater.wishes) > 0.5)}
        assert set(rater.name.split(",")[0].split(" and ")) == liked
        assert len(liked) in (1, 2)
        assert max(rater.wishes) == 1.0
    assert {np.argmax(rater.wishes) for rater in raters} == set(range(len(domains)))
    assert 0.2 < np.mean([" and " in rater.name for rater in raters]) < 0.45


def test_ratings_are_whole_points_of_the_scale_and_follow_the_generator(
    fresh: list[Skill],
) -> None:
    for k, rater in enumerate(population(6, seed=2)):
        text = format_skill(fresh[17 * k])
        given = rater.rate(text, REQUEST, np.random.default_rng(k))
        assert tuple(given) == ITEMS
        assert all(isinstance(r, int) and 1 <= r <= 5 for r in given.values())
        assert given == rater.rate(text, REQUEST, np.random.default_rng(k))


def test_a_rater_expects_more_of_a_text_of_their_domain(corpus: Corpus, fresh: list[Skill]) -> None:
    domains = list(corpus.domains)
    for rater in population(10, seed=5):
        wanted = {domains[i] for i in np.flatnonzero(np.array(rater.wishes) > 0.5)}
        expected = [rater.expected(format_skill(s), REQUEST) for s in fresh]
        for item in ("relevance", "personalization"):
            own = [e[item] for e, s in zip(expected, fresh, strict=True) if s.domain in wanted]
            other = [
                e[item] for e, s in zip(expected, fresh, strict=True) if s.domain not in wanted
            ]
            assert np.mean(own) > np.mean(other) + 1


def test_a_garbled_text_is_rated_lower_in_quality(fresh: list[Skill]) -> None:
    rater = population(1, seed=6)[0]
    text = format_skill(fresh[0])
    spoilt = text.replace("## Example\n", "## Example\nWas the of it and. ")
    assert rater.expected(spoilt, REQUEST)["quality"] < rater.expected(text, REQUEST)["quality"]


def test_an_expectation_depends_on_text_and_request_alone(fresh: list[Skill]) -> None:
    rater, text = population(1, seed=7)[0], format_skill(fresh[3])
    before = rater.expected(text, REQUEST)
    rater.rate(format_skill(fresh[90]), "Plan my week.", np.random.default_rng(0))
    assert rater.expected(text, REQUEST) == before
    read.cache_clear()
    assert rater.expected(text, REQUEST) == before


def test_texts_that_were_not_learned_from_are_read_right(
    corpus: Corpus, fresh: list[Skill]
) -> None:
    domains, tasks = list(corpus.domains), list(corpus.tasks)
    readings = [read(format_skill(s)) for s in fresh]
    pairs = list(zip(readings, fresh, strict=True))
    assert all(r.clean for r in readings)
    assert np.mean([domains[r.domain.argmax()] == s.domain for r, s in pairs]) > 0.97
    assert np.mean([tasks[r.task.argmax()] == s.task for r, s in pairs]) > 0.97
    assert np.mean([LEVELS[r.level.argmax()] == s.level for r, s in pairs]) > 0.97
    for r in readings[:10]:
        for p in (r.domain, r.task, r.level):
            assert p.sum() == pytest.approx(1.0)


def test_a_request_is_read_as_the_task_that_it_asks_for(corpus: Corpus) -> None:
    tasks = list(corpus.tasks)
    right = [
        tasks[asked_task(wording).argmax()] == task.id
        for task in corpus.tasks.values()
        for wording in task.requests["test"][:5]
    ]
    assert np.mean(right) > 0.95


def test_the_slot_with_the_best_ratings_is_chosen_and_ties_by_chance() -> None:
    rater = population(1, seed=8)[0]
    rng = np.random.default_rng(0)
    low: dict[str, int] = dict.fromkeys(ITEMS, 2)
    high: dict[str, int] = dict.fromkeys(ITEMS, 4)
    assert {rater.choose({"A": low, "B": high, "C": low}, rng) for _ in range(10)} == {"B"}
    assert {rater.choose({"A": high, "B": low, "C": high}, rng) for _ in range(40)} == {"A", "C"}
