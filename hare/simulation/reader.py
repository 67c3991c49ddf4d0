"""What a text offers, read off its words: TF-IDF with logistic regression, fitted once and shipped.

The classifiers know words and pairs of words of composed documents of every cell (held-out ones
too), and of the corpus's requests; the arms' encoder, feature map and language model play no part.
`reader.safetensors` holds them as scikit-learn fitted them, its weights in single precision; after
a change of the corpus they are fitted anew in memory, more slowly, until the file is written again:

    python -m hare.simulation.reader
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from hare.data import corpus as corpus_
from hare.data.checker import Checker
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import LEVELS, format_skill

Array = NDArray[np.float64]

FILE = Path(__file__).with_name("reader.safetensors")
DOCUMENTS_PER_CELL = 3
_SEED = 90_001
_WORD = re.compile(r"\b\w\w+\b")
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Classifiers:
    """Multinomial logistic regressions on the TF-IDF weights of words and pairs of words.

    terms        term -> row
    idf          (V,) inverse document frequencies
    weights      (V, C) the classifiers' coefficients, side by side
    intercepts   (C,)
    classes      name of each classifier -> its number of classes; they sum to C
    """

    terms: Mapping[str, int]
    idf: Array
    weights: NDArray[np.float32]
    intercepts: Array
    classes: Mapping[str, int]

    def probabilities(self, text: str) -> dict[str, Array]:
        """Of each classifier, the probability of each class."""
        words = _WORD.findall(text.lower())
        counts = Counter([*words, *map(" ".join, pairwise(words))])
        known = [(self.terms[term], n) for term, n in counts.items() if term in self.terms]
        rows = np.array([row for row, _ in known], dtype=np.intp)
        values = (1.0 + np.log([n for _, n in known])) * self.idf[rows]
        values /= np.linalg.norm(values) or 1.0
        scores = values @ self.weights[rows].astype(np.float64) + self.intercepts
        ends = np.cumsum(list(self.classes.values()))[:-1]
        return dict(zip(self.classes, map(_softmax, np.split(scores, ends)), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Classifiers of texts ("domain", "task", "level") and of requests ("task"); the checker."""

    texts: Classifiers
    requests: Classifiers
    checker: Checker


def the_reader() -> Reader:
    """The reader of the corpus that the package carries.

    >>> [len(p) for p in the_reader().texts.probabilities("# A title").values()]
    [12, 14, 3]
    """
    # Without the lock every thread that asks before the first is done would make one of its own.
    with _ONE_AT_A_TIME:
        return _made()


@lru_cache(maxsize=1)
def _made() -> Reader:
    texts, requests = load() or fit()
    return Reader(texts, requests, Checker(load_corpus()))


def fit() -> tuple[Classifiers, Classifiers]:
    """The classifiers of texts and of requests, fitted to the corpus: seconds."""
    corpus = load_corpus()
    skills = [
        skill
        for held_out in (False, True)
        for skill in compose_many(corpus, DOCUMENTS_PER_CELL, seed=_SEED, held_out=held_out)
    ]
    requests = [
        (wording, task.id)
        for task in corpus.tasks.values()
        for part in ("train", "test")
        for wording in task.requests[part]
    ]
    domains, tasks = list(corpus.domains), list(corpus.tasks)
    return (
        _fitted(
            [format_skill(skill) for skill in skills],
            domain=[domains.index(skill.domain) for skill in skills],
            task=[tasks.index(skill.task) for skill in skills],
            level=[LEVELS.index(skill.level) for skill in skills],
        ),
        _fitted(
            [wording for wording, _ in requests], task=[tasks.index(id_) for _, id_ in requests]
        ),
    )


def save(texts: Classifiers, requests: Classifiers, file: Path = FILE) -> None:
    """Write the classifiers to a file that `load` knows as this corpus's."""
    arrays: dict[str, np.ndarray] = {}
    about: dict[str, object] = {}
    for name, found in (("texts", texts), ("requests", requests)):
        arrays[f"{name}.idf"] = found.idf
        arrays[f"{name}.weights"] = found.weights
        arrays[f"{name}.intercepts"] = found.intercepts
        about[name] = {"terms": list(found.terms), "classes": dict(found.classes)}
    save_file(arrays, file, {"corpus": corpus_digest(), "about": json.dumps(about)})


def load(file: Path = FILE) -> tuple[Classifiers, Classifiers] | None:
    """What `save` wrote; None when there is no file, or when it was fitted to another corpus."""
    if not file.is_file():
        return None
    with safe_open(file, framework="numpy") as stored:
        metadata = stored.metadata()
        if metadata["corpus"] != corpus_digest():
            return None
        arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 no mapping
    about = json.loads(metadata["about"])
    texts, requests = (
        Classifiers(
            terms={term: row for row, term in enumerate(about[name]["terms"])},
            idf=arrays[f"{name}.idf"],
            weights=arrays[f"{name}.weights"],
            intercepts=arrays[f"{name}.intercepts"],
            classes=about[name]["classes"],
        )
        for name in ("texts", "requests")
    )
    return texts, requests


def corpus_digest() -> str:
    """SHA-256 of what the classifiers are fitted to: the corpus's files and how many documents."""
    digest = hashlib.sha256(f"{DOCUMENTS_PER_CELL} {_SEED}".encode())
    for path in sorted(corpus_.FOLDER.rglob("*.yaml")):
        digest.update(path.relative_to(corpus_.FOLDER).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _fitted(texts: Sequence[str], **labels: Sequence[int]) -> Classifiers:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    tfidf = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    values = tfidf.fit_transform(texts)
    found = {
        name: LogisticRegression(C=30.0, max_iter=1000).fit(values, given)
        for name, given in labels.items()
    }
    return Classifiers(
        terms={term: row for row, term in enumerate(tfidf.get_feature_names_out().tolist())},
        idf=np.asarray(tfidf.idf_, dtype=np.float64),
        weights=np.vstack([one.coef_ for one in found.values()]).T.astype(np.float32, order="C"),
        intercepts=np.concatenate([one.intercept_ for one in found.values()]),
        classes={name: len(one.classes_) for name, one in found.items()},
    )


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


if __name__ == "__main__":
    save(*fit())
    print(f"Wrote {FILE}.")
