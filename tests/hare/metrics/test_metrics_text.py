"""Overlap with references: the papers' own examples, values by hand, invariants, refusals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.errors import InputError, SettingsError
from hare.metrics.text import (
    bleu_signature,
    corpus_bleu,
    format_validity,
    rouge,
    sentence_bleu,
)

texts = st.lists(
    st.sampled_from(["plan", "the", "work", "and", "do", "it", "now"]), min_size=1, max_size=9
).map(" ".join)


def test_words_said_too_often_count_as_often_as_the_reference_says_them() -> None:
    # Papineni et al. (2002), example 2: "the" seven times has clipped unigram precision 2/7. The
    # longer n-grams have no match and are smoothed to 1/(2·6), 1/(4·5), 1/(8·4).
    score = sentence_bleu(["the the the the the the the"], ["the cat is on the mat"])
    by_hand = 100 * (2 / 7 * 1 / 12 * 1 / 20 * 1 / 32) ** 0.25
    assert score == pytest.approx([by_hand])


def test_a_short_candidate_pays_the_brevity_penalty() -> None:
    score = sentence_bleu(["one two three four"], ["one two three four five six"])
    assert score == pytest.approx([100 * math.exp(1 - 6 / 4)])


def test_a_sentence_without_long_n_grams_is_judged_by_those_that_it_has() -> None:
    assert sentence_bleu(["well done"], ["well done"]) == pytest.approx([100])


def test_corpus_bleu_adds_up_counts_and_is_no_mean_of_sentences() -> None:
    candidates, references = ["a b c d e", "f g"], ["a b c d e", "x y"]
    # Matches over n-grams: 5/7, 4/5, 3/3, 2/2.
    assert corpus_bleu(candidates, references) == pytest.approx(100 * (5 / 7 * 4 / 5) ** 0.25)
    assert sentence_bleu(candidates, references).tolist() == pytest.approx([100, 0])


def test_the_signature_says_how_bleu_was_computed() -> None:
    signature = bleu_signature()
    for part in ("eff:yes", "tok:13a", "smooth:exp", "case:mixed", "version:"):
        assert part in signature


@pytest.mark.parametrize(
    ("candidate", "f1"),
    [
        ("police kill the gunman", 3 / 4),
        ("the gunman kill police", 2 / 4),
        ("the gunman police killed", 2 / 4),
    ],
)
def test_rouge_l_of_the_paper_s_police_and_gunman(candidate: str, f1: float) -> None:
    # Lin (2004), section 3.1: reference "police killed the gunman".
    assert rouge([candidate], ["police killed the gunman"]).f1 == pytest.approx([f1])


def test_rouge_counts_words_for_rouge_1_and_pairs_for_rouge_2() -> None:
    candidate, reference = ["the cat sat down"], ["the cat lay down"]
    assert rouge(candidate, reference, "rouge1").f1 == pytest.approx([3 / 4])
    assert rouge(candidate, reference, "rouge2").f1 == pytest.approx([1 / 3])


def test_rouge_lsum_takes_lines_in_any_order() -> None:
    candidate, reference = ["water the roses\nplan the week"], ["plan the week\nwater the roses"]
    assert rouge(candidate, reference).f1 == pytest.approx([1 / 2])
    assert rouge(candidate, reference, "rougeLsum").f1 == pytest.approx([1])


@given(texts, texts)
def test_overlap_lies_in_its_bounds_and_changes_sides_with_the_texts(a: str, b: str) -> None:
    here, there = rouge([a], [b]), rouge([b], [a])
    assert here.precision == pytest.approx(there.recall)
    assert here.f1 == pytest.approx(there.f1)
    assert 0 <= here.f1[0] <= 1
    assert 0 <= sentence_bleu([a], [b])[0] <= 100


@given(texts)
def test_a_text_overlaps_with_itself_in_full(text: str) -> None:
    assert sentence_bleu([text], [text]) == pytest.approx([100])
    assert corpus_bleu([text] * 5, [text] * 5) <= 100
    assert rouge([text], [text]).f1 == pytest.approx([1])


@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_a_blank_candidate_overlaps_with_nothing(blank: str) -> None:
    assert sentence_bleu([blank], ["some text"]) == 0
    assert corpus_bleu([blank], ["some text"]) == 0
    measured = rouge([blank], ["some text"])
    assert measured.precision == measured.recall == measured.f1 == 0


@pytest.mark.parametrize("metric", [sentence_bleu, corpus_bleu, rouge])
@pytest.mark.parametrize(
    ("candidates", "references", "message"),
    [
        ([], [], "candidates: must hold at least 1"),
        (["a"], ["a", "b"], "references: 2, but there are 1 candidates"),
        (["a"], [" "], r"references\[0\]: must not be blank"),
        (["a", 3], ["a", "b"], r"candidates\[1\]: must be a text, not int"),
        ("a text", ["a"], "candidates: must be a list of texts, not one text"),
    ],
)
def test_what_cannot_be_compared_is_refused(metric, candidates, references, message) -> None:
    with pytest.raises(InputError, match=message):
        metric(candidates, references)


def test_rouge_refuses_a_reference_whose_words_it_cannot_read() -> None:
    with pytest.raises(InputError, match=r"references\[1\]: has no word of a-z and 0-9"):
        rouge(["a", "b"], ["a", "日本語"])


def test_rouge_refuses_an_unknown_variant() -> None:
    with pytest.raises(SettingsError, match="variant = 'rougeX': must be one of"):
        rouge(["a"], ["a"], "rougeX")


def test_format_validity_is_the_share_that_the_rule_accepts() -> None:
    assert format_validity(["# a", "", "# b", "c"], lambda text: text.startswith("#")) == 0.5
    with pytest.raises(InputError, match="texts: must hold at least 1"):
        format_validity([], bool)
