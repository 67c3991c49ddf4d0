"""Do different users get different texts for one request? (B; the method is in mathematics.md §5)

Five personas make ten requests, in wordings that training has not seen, and every arm writes
several texts for each, every text with a seed of its own. An arm whose users get texts of their own
has a distance between users that exceeds the distance within a user (same user, other seeds); an
arm that only wanders does not (`hare.metrics.personalisation`, whose permutation test this is). RAG
and GPT-2 do not see the user, so they are the control of the method: their effect is chance. What
the method can show at most is in the row "ideal": texts that the corpus's grammar composes for the
user's own domain and level and the asked task.

Two measures of distance, each 1 less a cosine: embeddings by the encoder that HARE reads with, and
TF-IDF of the words, which knows nothing of HARE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer

from hare.arms.registry import build_arms
from hare.data.corpus import load_corpus
from hare.errors import SettingsError
from hare.experiments.divergence_texts import (
    IDEAL,
    Text,
    Wording,
    draw_wordings,
    ideal_texts,
    write_texts,
)
from hare.experiments.personas import meet_all
from hare.experiments.statistics import Array, mean_interval, paired_difference
from hare.metrics.checks import unit_rows
from hare.metrics.personalisation import personalisation_divergence
from hare.simulation.raters import read
from hare.synthesis.resources import Resources
from hare.utils.embeddings import Encoder

ARMS = ("hare", "rag", "gpt2")
MEASURES = ("embedding", "words")
REQUESTS = 10
TEXTS_PER = 4  # a user, request and arm


@dataclass(frozen=True, slots=True)
class ArmDivergence:
    """One arm by one measure of distance. Intervals are 95%.

    between, within   mean distances of texts of two users, and of one user; 0 to 2
    effect            between − within, with its t interval over requests (these users, other
                      requests) and its jackknife interval over users (other users, these requests)
    superiority       probability that a pair of two users' texts is further apart than a pair of
                      one user's, for the same request; .5 where users make no difference
    d                 mean of the requests' effects over their standard deviation; None without one
    p                 one-sided, of an effect as large were the texts divided among users by chance
    divisions         that p rests on
    """

    arm: str
    measure: str
    between: float
    within: float
    effect: float
    ci_low: float
    ci_high: float
    users_ci_low: float
    users_ci_high: float
    superiority: float
    d: float | None
    p: float
    divisions: int


@dataclass(frozen=True, slots=True)
class ArmContrast:
    """HARE's effect less another arm's, paired by request, with its 95% t interval."""

    measure: str
    comparator: str
    difference: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class ArmShare:
    """Share of an arm's texts of a domain or task, with its 95% t interval over requests, cut
    off at 0 and 1.

    what   "own domain" (of the persona that the text is for) or "asked task"
    """

    arm: str
    what: str
    share: float
    ci_low: float
    ci_high: float


def measure_divergence(
    resources: Resources,
    texts_per: int = TEXTS_PER,
    requests: int = REQUESTS,
    seed: int = 1,
    draws: int = 9999,
) -> dict[str, Any]:
    """Write the texts and compare them: plain values for a JSON file.

    texts_per   texts a user, request and arm, >= 2: without two there is no control
    requests    each for another task, >= 2 and at most as many as there are tasks
    draws       divisions of the texts that the permutation test draws
    """
    if texts_per < 2:
        raise SettingsError("texts_per", texts_per, "must be >= 2")
    arms = build_arms({name: name for name in ARMS}, resources=resources)
    users = meet_all(arms["hare"], resources, seed)
    wordings = draw_wordings(requests, seed)
    texts = write_texts(arms, users, wordings, texts_per, seed)
    texts += ideal_texts([user.persona for user in users], wordings, texts_per, seed)
    vectors = vectors_of(texts, resources.encoder)
    return {
        "model": resources.trained.config["name"],
        "fingerprint": resources.trained.fingerprint,
        "encoder": resources.encoder.name,
        "seed": seed,
        "texts_per": texts_per,
        "ratings": len(users[0].ratings),
        "personas": [asdict(user.persona) for user in users],
        "requests": [asdict(wording) for wording in wordings],
        **compare(texts, vectors, wordings, draws, seed),
    }


def compare(
    texts: Sequence[Text],
    vectors: Mapping[str, Array],
    wordings: Sequence[Wording],
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """What the texts say of each arm, as plain values; `vectors` as `vectors_of` gives them."""
    sources = (*ARMS, IDEAL)
    effects = {
        (arm, measure): effects_by_request(*_rows(texts, vectors[measure], arm))
        for arm in sources
        for measure in MEASURES
    }
    return {
        "arms": [
            asdict(_divergence(arm, measure, texts, vectors[measure], by_request, draws, seed))
            for (arm, measure), by_request in effects.items()
        ],
        "contrasts": [
            asdict(_contrast(measure, arm, effects["hare", measure], effects[arm, measure]))
            for measure in MEASURES
            for arm in sources
            if arm != "hare"
        ],
        "shares": [asdict(share) for arm in sources for share in shares(texts, wordings, arm)],
        "map": map_of(texts, vectors["embedding"]),
    }


def vectors_of(texts: Sequence[Text], encoder: Encoder) -> dict[str, Array]:
    """Measure -> (n, d) vectors of all texts, whose cosines are compared."""
    written = [text.text for text in texts]
    # Marks count as words, so that no text is without any.
    tfidf = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+|[^\w\s]")
    return {
        "embedding": encoder.encode(written),
        "words": np.asarray(tfidf.fit_transform(written).todense()),
    }


def effects_by_request(vectors: Array, users: Sequence[str], requests: Sequence[int]) -> Array:
    """(R, 4) between, within, effect and superiority for each request; vectors (n, d)."""
    units, who, what = unit_rows("vectors", vectors), np.array(users), np.array(requests)
    rows = []
    for request in np.unique(what):
        own, names = units[what == request], who[what == request]
        first, second = np.triu_indices(len(own), k=1)
        distances = 1 - np.einsum("nd,nd->n", own[first], own[second])
        same = names[first] == names[second]
        between, within = distances[~same], distances[same]
        pairs = len(between) * len(within)
        wins = float(stats.mannwhitneyu(between, within).statistic) / pairs
        rows.append([between.mean(), within.mean(), between.mean() - within.mean(), wins])
    return np.array(rows)


def shares(texts: Sequence[Text], wordings: Sequence[Wording], arm: str) -> list[ArmShare]:
    """Own domain and asked task of an arm's texts, as classifiers of words read them."""
    domains, tasks = list(load_corpus().domains), list(load_corpus().tasks)
    right = np.zeros((2, len(wordings)))
    count = np.zeros(len(wordings))
    for text in texts:
        if text.arm == arm:
            offered = read(text.text)
            count[text.request] += 1
            right[0, text.request] += domains[int(offered.domain.argmax())] == text.domain
            right[1, text.request] += (
                tasks[int(offered.task.argmax())] == wordings[text.request].task
            )
    found = [mean_interval(row / count) for row in right]
    return [
        ArmShare(arm, what, i.value, max(i.low, 0.0), min(i.high, 1.0))
        for what, i in zip(("own domain", "asked task"), found, strict=True)
    ]


def map_of(texts: Sequence[Text], vectors: Array) -> dict[str, Any]:
    """Two principal components of the texts' vectors, each less the mean of its request's texts.

    By singular value decomposition. Taking the mean off leaves what differs between texts of one
    request, which is what the test is about. UMAP would be another dependency, and bends distances;
    the test does not look at the map.
    """
    what = np.array([text.request for text in texts])
    centred = vectors.astype(np.float64)
    for request in np.unique(what):
        centred[what == request] -= centred[what == request].mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    points = left[:, :2] * singular[:2]
    return {
        "explained": (singular[:2] ** 2 / (singular**2).sum()).round(4).tolist(),
        "points": [
            {"arm": t.arm, "domain": t.domain, "request": t.request, "x": float(x), "y": float(y)}
            for t, (x, y) in zip(texts, points.round(4), strict=True)
        ],
    }


def _divergence(
    arm: str,
    measure: str,
    texts: Sequence[Text],
    vectors: Array,
    by_request: Array,
    draws: int,
    seed: int,
) -> ArmDivergence:
    found = personalisation_divergence(*_rows(texts, vectors, arm), draws=draws, seed=seed)
    if found.low is None or found.high is None:
        raise SettingsError("personas", found.users, "must be at least 3")
    over_requests = mean_interval(by_request[:, 2])
    deviation = float(by_request[:, 2].std(ddof=1))
    return ArmDivergence(
        arm=arm,
        measure=measure,
        between=found.between,
        within=found.within,
        effect=found.effect,
        ci_low=over_requests.low,
        ci_high=over_requests.high,
        users_ci_low=found.low,
        users_ci_high=found.high,
        superiority=float(by_request[:, 3].mean()),
        d=over_requests.value / deviation if deviation > 0 else None,
        p=found.p_value,
        divisions=found.divisions,
    )


def _contrast(measure: str, arm: str, hare: Array, other: Array) -> ArmContrast:
    found = paired_difference(hare[:, 2], other[:, 2])
    return ArmContrast(measure, arm, found.value, found.low, found.high)


def _rows(texts: Sequence[Text], vectors: Array, arm: str) -> tuple[Array, list[str], list[int]]:
    """Vectors, users and requests of one arm's texts."""
    own = [i for i, text in enumerate(texts) if text.arm == arm]
    return vectors[own], [texts[i].domain for i in own], [texts[i].request for i in own]
