"""The raters' reader: what is shipped is what scikit-learn fits to the corpus, and is made once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from hare.data.corpus import Corpus, compose_many
from hare.data.skills import LEVELS, format_skill
from hare.simulation import reader


def test_the_shipped_file_was_fitted_to_the_corpus_as_it_is() -> None:
    assert reader.load() is not None, "run `python -m hare.simulation.reader`"


def test_the_shipped_classifiers_read_as_those_of_scikit_learn(corpus: Corpus) -> None:
    skills = compose_many(corpus, reader.DOCUMENTS_PER_CELL, seed=90_001)
    skills += compose_many(corpus, reader.DOCUMENTS_PER_CELL, seed=90_001, held_out=True)
    fitted = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2),
        LogisticRegression(C=30.0, max_iter=1000),
    ).fit([format_skill(s) for s in skills], [LEVELS.index(s.level) for s in skills])
    texts = [format_skill(s) for s in compose_many(corpus, 1, seed=555)][::7]
    texts += ["", "# nothing known: zyzzyva", "Prüfe a list, a LIST and a_list of 12 risks"]
    found = [reader.the_reader().texts.probabilities(text)["level"] for text in texts]
    np.testing.assert_allclose(found, fitted.predict_proba(texts), atol=1e-6)


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    written = _small("one two three one two", "two three four", "one two four", "four one")
    reader.save(written, written, tmp_path / "reader.safetensors")
    loaded = reader.load(tmp_path / "reader.safetensors")
    assert loaded is not None
    for again in loaded:
        for text in ("one two", "four", ""):
            np.testing.assert_array_equal(
                again.probabilities(text)["kind"], written.probabilities(text)["kind"]
            )


def test_a_file_of_another_corpus_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = _small("one two", "two one", "one two", "two one two")
    reader.save(written, written, tmp_path / "reader.safetensors")
    monkeypatch.setattr(reader, "corpus_digest", lambda: "of another corpus")
    assert reader.load(tmp_path / "reader.safetensors") is None
    assert reader.load(tmp_path / "missing.safetensors") is None


def test_threads_that_ask_at_once_share_one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    together = threading.Barrier(4)

    def load() -> tuple[reader.Classifiers, reader.Classifiers]:
        made.append(1)
        small = _small("one two", "two one", "one two", "two one two")
        return small, small

    def ask(_: int) -> reader.Reader:
        together.wait(10)
        return reader.the_reader()

    monkeypatch.setattr(reader, "load", load)
    reader._made.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            readers = list(pool.map(ask, range(4)))
    finally:
        reader._made.cache_clear()
    assert len(made) == 1
    assert all(one is readers[0] for one in readers)


def _small(*texts: str) -> reader.Classifiers:
    return reader._fitted(texts, kind=[k % 3 for k in range(len(texts))])
