"""Five people of known taste, each met through ratings alone.

A persona likes one domain and one level. They rate composed texts that neither pool nor training
holds; the ratings follow from the texts' labels and noise, and the arm learns from them through its
own `learn`, as it would from a participant's. Nothing of a user state is made by hand. The scale of
liking and the noise are not those of the population that the model was trained on
(`hare.synthesis.histories`). Simulated, so no evidence about people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hare.arms.interface import Arm, Diagnostics, Provenance, Recommendation
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import Skill, format_skill
from hare.errors import SettingsError
from hare.synthesis.resources import Resources
from hare.user_state.state import UserState

RATINGS = 20  # of one persona; a participant of the pilot gives 30 in ten rounds of three texts
OWN_SHARE = 0.5  # of the rated texts that are of the persona's domain, about
FOREIGN, DOMAIN, LEVEL, NOISE = 1.5, 2.6, 0.9, 0.8  # points of the rating scale 1..5
_TEXTS_SEED = 7_000_000  # apart from the seeds of pool, training and raters


@dataclass(frozen=True, slots=True)
class Persona:
    """What somebody likes. A text is worth FOREIGN points, DOMAIN more if it is of their domain,
    LEVEL more if it is of their level; a rating of it is off by NOISE (standard deviation)."""

    domain: str
    level: str

    @property
    def label(self) -> str:
        """The persona's name in figures and tables.

        >>> Persona("data_engineering", "expert").label
        'data engineering'
        """
        return self.domain.replace("_", " ")

    def expected(self, skill: Skill) -> float:
        """The expected rating of a text with these labels, before noise and rounding."""
        own_domain, own_level = skill.domain == self.domain, skill.level == self.level
        return FOREIGN + DOMAIN * own_domain + LEVEL * own_level

    def rate(self, skill: Skill, rng: np.random.Generator) -> int:
        """A rating 1..5."""
        return int(np.clip(np.rint(self.expected(skill) + rng.normal(0.0, NOISE)), 1, 5))


PERSONAS = (
    Persona("security", "expert"),
    Persona("data_engineering", "practitioner"),
    Persona("frontend", "practitioner"),
    Persona("education", "beginner"),
    Persona("productivity", "beginner"),
)


@dataclass(frozen=True, slots=True, eq=False)
class KnownUser:
    """A persona as an arm knows them.

    shown     the rated texts
    ratings   1..5, one a text
    states    the arm's state before the first rating and after each: one more than texts
    """

    persona: Persona
    shown: tuple[Skill, ...]
    ratings: tuple[int, ...]
    states: tuple[UserState, ...]

    @property
    def state(self) -> UserState:
        """After all ratings."""
        return self.states[-1]


def meet(
    persona: Persona, arm: Arm, resources: Resources, seed: int, ratings: int = RATINGS
) -> KnownUser:
    """Let the persona rate `ratings` >= 0 texts, and the arm learn from each.

    resources   give the texts' features: those that the arm was built with

    Texts of other arms or of nobody have no attention to credit, so the arm learns about the user
    and nothing about clusters of the pool.
    """
    if ratings < 0:
        raise SettingsError("ratings", ratings, "must be >= 0")
    rng = np.random.default_rng([seed, _TEXTS_SEED, PERSONAS.index(persona)])
    shown = _draw(persona, ratings, rng)
    states, given = [arm.initial_state()], []
    for skill in shown:
        given.append(persona.rate(skill, rng))
        states.append(arm.learn(states[-1], _as_shown(skill, resources), (given[-1] - 1) / 4))
    return KnownUser(persona, shown, tuple(given), tuple(states))


def meet_all(
    arm: Arm,
    resources: Resources,
    seed: int,
    personas: Sequence[Persona] = PERSONAS,
    ratings: int = RATINGS,
) -> list[KnownUser]:
    """Each persona as the arm knows them after their ratings, in order."""
    return [meet(persona, arm, resources, seed, ratings) for persona in personas]


def _draw(persona: Persona, count: int, rng: np.random.Generator) -> tuple[Skill, ...]:
    """Different texts; of the persona's domain with probability OWN_SHARE, else of any."""
    texts = _texts()
    own = list(rng.permutation([i for i, s in enumerate(texts) if s.domain == persona.domain]))
    others = list(rng.permutation([i for i, s in enumerate(texts) if s.domain != persona.domain]))
    if count > len(own):
        raise SettingsError("ratings", count, f"must be at most {len(own)}")
    return tuple(
        texts[own.pop() if rng.random() < OWN_SHARE else others.pop()] for _ in range(count)
    )


@lru_cache(maxsize=1)
def _texts() -> list[Skill]:
    """One text of every cell and level that the pool may hold."""
    return compose_many(load_corpus(), 1, seed=_TEXTS_SEED)


def _as_shown(skill: Skill, resources: Resources) -> Recommendation:
    text = format_skill(skill)
    return Recommendation(
        text=text,
        features={"text": resources.features(text)},
        diagnostics=Diagnostics(),
        provenance=Provenance(arm="corpus", version="", model="", prompt="", seed=0),
    )
