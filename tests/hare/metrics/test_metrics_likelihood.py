"""Perplexity, bits per byte and nats a document: models whose cost is known, and invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.errors import InputError
from hare.metrics.likelihood import likelihood

costs = st.lists(st.floats(0, 20), min_size=1, max_size=12)


def test_a_uniform_model_has_its_vocabulary_as_perplexity() -> None:
    measured = likelihood([np.full(7, math.log(3000)), np.full(2, math.log(3000))], ["one", "two"])
    assert measured.perplexity == pytest.approx(3000)
    assert measured.nats_per_document == pytest.approx(4.5 * math.log(3000))


def test_a_uniform_model_of_bytes_takes_eight_bits_a_byte_in_any_script() -> None:
    text = "naïve 日本"
    size = len(text.encode())
    assert size > len(text)
    assert likelihood([np.full(size, math.log(256))], [text]).bits_per_byte == pytest.approx(8)


@given(costs, st.integers(1, 5))
def test_bits_per_byte_do_not_depend_on_how_the_text_is_cut_into_tokens(
    nats: list[float], pieces: int
) -> None:
    whole = likelihood([nats], ["some text"])
    cut = likelihood([np.repeat(np.array(nats) / pieces, pieces)], ["some text"])
    assert cut.bits_per_byte == pytest.approx(whole.bits_per_byte)
    assert cut.perplexity <= whole.perplexity * (1 + 1e-9)


@given(st.lists(costs, min_size=2, max_size=5))
def test_documents_are_pooled_by_tokens_in_any_order(documents: list[list[float]]) -> None:
    texts = [f"text {k}" for k in range(len(documents))]
    measured = likelihood(documents, texts)
    joined = [cost for document in documents for cost in document]
    assert measured.perplexity == pytest.approx(likelihood([joined], ["x"]).perplexity)
    assert measured == likelihood(documents[::-1], texts[::-1])
    assert measured.perplexity >= 1


def test_a_perplexity_beyond_all_floats_is_infinite() -> None:
    assert likelihood([[1e4]], ["a"]).perplexity == math.inf


@pytest.mark.parametrize(
    ("nats", "texts", "message"),
    [
        ([], [], "texts: must hold at least 1"),
        ([[1.0]], ["a", "b"], "token_nats: 1 documents, but 2 texts"),
        ([[1.0]], ["  "], r"texts\[0\]: must not be blank"),
        ([[1.0], []], ["a", "b"], r"token_nats\[1\]: must be"),
        ([[[1.0]]], ["a"], r"token_nats\[0\]: must be \(T,\) with T >= 1"),
        ([[0.1, -0.1]], ["a"], r"token_nats\[0\]: must be >= 0"),
        ([[0.1, math.nan]], ["a"], r"token_nats\[0\]: holds a value that is not finite"),
        ([[math.inf]], ["a"], r"token_nats\[0\]: holds a value that is not finite"),
        ([["high"]], ["a"], r"token_nats\[0\]: must be real numbers"),
    ],
)
def test_costs_that_are_none_are_refused(nats, texts, message) -> None:
    with pytest.raises(InputError, match=message):
        likelihood(nats, texts)
