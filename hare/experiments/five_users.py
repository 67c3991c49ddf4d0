"""One request, five users: what HARE attends to and writes for each, beside RAG and GPT-2. (C)

All texts are written with one seed, so that nothing but the user differs between HARE's. RAG and
GPT-2 do not see the user: what they write for this request and seed, they write for all five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Recommendation, Request
from hare.arms.registry import build_arms
from hare.data.checker import Checker
from hare.data.corpus import load_corpus
from hare.errors import ModelFilesError, SettingsError
from hare.experiments.personas import KnownUser, meet_all
from hare.experiments.statistics import Array
from hare.synthesis.model_files import Pool
from hare.synthesis.resources import Resources

QUERY = "I need help writing tests"
TOP = 5  # pool items shown for each user


@dataclass(frozen=True, slots=True)
class Item:
    """A skill of the pool, and the attention that it gets (mean over heads, sums to 1)."""

    title: str
    domain: str
    task: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as it was written.

    speaks_of   domains whose phrases stand in it, by the grammar's phrases; none where it is not
                well formed or word for word a hand-written skill
    notes       the arm's remarks, e.g. that no draft was sound
    """

    text: str
    speaks_of: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserView:
    """HARE for one persona, after their ratings.

    by_domain    attention of the heads that training set on the user's wish (the first half), by
                 the items' domains; sums to 1
    by_cluster   attention by cluster of the pool, the mean over all heads; sums to 1
    top          the pool's items with most attention, the mean over all heads
    Per number of ratings, 0, 1, ...: uncertainty (share of the prior's variance), entropy and
    mutual_information (nats)
    """

    domain: str
    level: str
    ratings: tuple[int, ...]
    shown: Shown
    by_domain: dict[str, float]
    by_cluster: tuple[float, ...]
    top: tuple[Item, ...]
    uncertainty: tuple[float, ...]
    entropy: tuple[float, ...]
    mutual_information: tuple[float, ...]


def measure_five_users(
    resources: Resources, query: str = QUERY, seed: int = 1, top: int = TOP
) -> dict[str, Any]:
    """What each arm does with the request: plain values for a JSON file.

    top   pool items listed for each user, >= 1
    """
    if not query.strip():
        raise SettingsError("query", query, "must not be blank")
    if top < 1:
        raise SettingsError("top", top, "must be >= 1")
    names = ("hare", "rag", "gpt2")
    arms = build_arms({name: name for name in names}, resources=resources)
    hare = arms["hare"]
    if not isinstance(hare, HareArm):
        raise ModelFilesError("the registry's 'hare' is not HareArm, whose attention is shown here")
    users = meet_all(hare, resources, seed)
    checker = Checker(load_corpus())
    written = hare.recommend([Request(query, user.state, seed) for user in users])
    others = {
        name: arm.recommend([Request(query, arm.initial_state(), seed)])[0]
        for name, arm in arms.items()
        if name != "hare"
    }
    trained = resources.trained
    return {
        "query": query,
        "seed": seed,
        "model": trained.config["name"],
        "base": trained.config["base"],
        "own_model": not trained.config["build"]["base"],
        "fingerprint": trained.fingerprint,
        "pool": len(trained.pool.skills),
        "clusters": cluster_names(trained.pool),
        "users": [
            asdict(_view(hare, user, answer, query, top, trained.pool, checker))
            for user, answer in zip(users, written, strict=True)
        ],
        "others": {name: asdict(_shown(answer, checker)) for name, answer in others.items()},
    }


def cluster_names(pool: Pool) -> list[str]:
    """Each cluster's number with the domain that most of its items are of.

    A cluster can be about a kind of work instead: the share says how much the name is worth.
    """
    names = []
    for cluster in range(int(pool.clusters.max()) + 1):
        inside = [pool.skills[i].domain for i in np.flatnonzero(pool.clusters == cluster)]
        domain, count = Counter(inside).most_common(1)[0]
        names.append(f"{cluster} {domain.replace('_', ' ')} {count / len(inside):.0%}")
    return names


def _view(
    arm: HareArm,
    user: KnownUser,
    answer: Recommendation,
    query: str,
    top: int,
    pool: Pool,
    checker: Checker,
) -> UserView:
    seen = arm.attend(Request(query, user.state, 0))
    path = [arm.diagnostics(s, arm.attend(Request(query, s, 0))) for s in user.states]
    by_head = seen.weights[0].double().numpy()  # (H, N)
    weights, wish = by_head.mean(axis=0), by_head[: len(by_head) // 2].mean(axis=0)
    order = np.argsort(-weights, kind="stable")[:top]
    return UserView(
        domain=user.persona.domain,
        level=user.persona.level,
        ratings=user.ratings,
        shown=_shown(answer, checker),
        by_domain=_by_domain(wish, [skill.domain for skill in pool.skills]),
        by_cluster=path[-1].cluster_weights,
        top=tuple(_item(pool, int(i), float(weights[i])) for i in order),
        uncertainty=tuple(d.uncertainty or 0.0 for d in path),
        entropy=tuple(d.entropy or 0.0 for d in path),
        mutual_information=tuple(d.mutual_information or 0.0 for d in path),
    )


def _by_domain(weights: Array, domains: Sequence[str]) -> dict[str, float]:
    where = np.array(domains)
    return {domain: float(weights[where == domain].sum()) for domain in sorted(set(domains))}


def _item(pool: Pool, index: int, weight: float) -> Item:
    skill = pool.skills[index]
    return Item(skill.title, skill.domain, skill.task, skill.level, weight)


def _shown(answer: Recommendation, checker: Checker) -> Shown:
    domains = sorted(checker.check(answer.text).domains)
    return Shown(answer.text, tuple(domains), answer.provenance.notes)
