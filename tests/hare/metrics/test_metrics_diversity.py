"""Self-BLEU against sacrebleu itself, distinct-n by hand, diversity of lists against all pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from hare.errors import InputError, SettingsError
from hare.metrics.diversity import distinct_n, intra_list_diversity, self_bleu

words = st.lists(st.sampled_from(["plan", "the", "work,", "do", "it."]), min_size=1, max_size=8)
sets = st.lists(words.map(" ".join), min_size=2, max_size=6)


@given(sets)
def test_self_bleu_is_sacrebleu_of_each_text_with_all_the_others(texts: list[str]) -> None:
    bleu = BLEU(effective_order=True)
    scores = [
        bleu.sentence_score(text, texts[:k] + texts[k + 1 :]).score for k, text in enumerate(texts)
    ]
    assert self_bleu(texts) == pytest.approx(float(np.mean(scores)))


@given(sets, st.randoms(use_true_random=False))
def test_diversity_of_texts_does_not_depend_on_their_order(texts: list[str], random) -> None:
    shuffled = random.sample(texts, len(texts))
    assert self_bleu(shuffled) == pytest.approx(self_bleu(texts))
    assert distinct_n(shuffled, 1) == distinct_n(texts, 1)


def test_self_bleu_is_highest_for_copies_and_nothing_for_texts_without_a_common_word() -> None:
    assert self_bleu(["plan the work well"] * 3) == pytest.approx(100)
    assert self_bleu(["plan the work", "water all roses"]) == 0


def test_self_bleu_refuses_one_text_and_blank_ones() -> None:
    with pytest.raises(InputError, match="texts: must hold at least 2, not 1"):
        self_bleu(["alone"])
    with pytest.raises(InputError, match=r"texts\[1\]: must not be blank"):
        self_bleu(["one", "", "two"])


def test_distinct_n_by_hand() -> None:
    texts = ["To be, or not to be.", "to be"]
    # Tokens: to be , or not to be . | to be
    assert distinct_n(texts, 1) == 6 / 10  # to, be, comma, or, not, full stop
    assert distinct_n(texts, 2) == 6 / 8  # "to be" three times
    assert distinct_n(texts, 8) == 1.0  # only the first is as long


@given(sets, st.integers(1, 4))
def test_saying_everything_twice_halves_distinct_n(texts: list[str], n: int) -> None:
    texts = [*texts, "plan the work now"]
    assert distinct_n(texts * 2, n) == pytest.approx(distinct_n(texts, n) / 2)


def test_distinct_n_refuses_sets_without_any_n_gram() -> None:
    with pytest.raises(InputError, match="texts: none has 3 tokens"):
        distinct_n(["one two", ""], 3)
    with pytest.raises(InputError, match="texts: must hold at least 1"):
        distinct_n([], 1)
    with pytest.raises(SettingsError, match="n = 0: must be an integer >= 1"):
        distinct_n(["one"], 0)


@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 99))
def test_diversity_of_a_list_is_the_mean_over_its_pairs(n: int, d: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = [1 - a @ b for a, b in combinations(unit, 2)]
    assert intra_list_diversity(vectors) == pytest.approx(float(np.mean(distances)), abs=1e-12)


def test_diversity_of_a_list_goes_from_copies_to_a_simplex() -> None:
    assert intra_list_diversity([[1e-300, 0.0], [1e300, 0.0]]) == 0
    triangle = [[1.0, 0.0], [-0.5, 3**0.5 / 2], [-0.5, -(3**0.5) / 2]]
    assert intra_list_diversity(triangle) == pytest.approx(3 / 2)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1.0, 0.0]], "vectors: must have at least 2 rows, not 1"),
        ([1.0, 0.0], r"vectors: must be \(n, d\)"),
        ([[], []], r"vectors: must be \(n, d\)"),
        ([[1.0], [0.0]], r"vectors\[1\]: is zero"),
        ([[1.0], [np.nan]], "vectors: holds a value that is not finite"),
        ([[1.0], [1.0, 2.0]], "vectors: cannot be made an array"),
        ([["a"], ["b"]], "vectors: must be real numbers"),
    ],
)
def test_vectors_without_a_direction_are_refused(vectors, message: str) -> None:
    with pytest.raises(InputError, match=message):
        intra_list_diversity(vectors)
