"""Twins: exact ones whatever the marks, near ones by their overlap, and the first is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hare.data.deduplicate import RUN, find_twins
from hare.errors import SettingsError

short = st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join)


def jaccard(a: str, b: str) -> float:
    """By its definition, on sets."""
    first, second = (
        {tuple((words + [""] * RUN)[k : k + RUN]) for k in range(max(1, len(words) - RUN + 1))}
        for words in (a.split(), b.split())
    )
    return len(first & second) / len(first | second)


def test_equal_words_are_exact_twins_whatever_case_marks_and_blanks() -> None:
    (twin,) = find_twins(["Knead it - wait.", "Rest.", "KNEAD   it,\nwait!"])
    assert (twin.index, twin.of, twin.exact) == (2, 0, True)


@settings(max_examples=40)
@given(st.lists(short, max_size=8), st.sampled_from([0.2, 0.5, 0.75]))
def test_a_text_is_a_twin_exactly_when_an_earlier_kept_text_is_as_like(
    texts: list[str], threshold: float
) -> None:
    twins = {twin.index: twin for twin in find_twins(texts, threshold)}
    kept: list[int] = []
    exact: dict[str, int] = {}
    for k, text in enumerate(texts):
        if text in exact:
            assert (twins[k].of, twins[k].likeness) == (exact[text], 1.0)
            continue
        exact[text] = k
        likeness = {j: jaccard(text, texts[j]) for j in kept}
        if likeness and max(likeness.values()) >= threshold:
            assert twins[k].likeness == pytest.approx(max(likeness.values()), abs=1e-8)
            assert likeness[twins[k].of] == pytest.approx(max(likeness.values()))
        else:
            assert k not in twins
            kept.append(k)


def test_a_long_copy_with_a_few_words_changed_is_a_near_twin() -> None:
    rng = np.random.default_rng(0)
    words = [f"word{k}" for k in rng.integers(0, 500, 400)]
    changed = list(words)
    for k in rng.choice(400, 8, replace=False):
        changed[k] = "other"
    other = [f"word{k}" for k in rng.integers(0, 500, 400)]
    (twin,) = find_twins([" ".join(words), " ".join(other), " ".join(changed)])
    assert (twin.index, twin.of) == (2, 0)
    assert 0.75 <= twin.likeness < 1


def test_many_texts_are_compared_across_blocks() -> None:
    texts = [f"text number {k} says what no other text says at all {k}" for k in range(700)]
    (twin,) = find_twins([*texts, texts[3]])
    assert (twin.index, twin.of) == (700, 3)
    assert find_twins([]) == ()


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(SettingsError, match="threshold"):
        find_twins(["a"], threshold)
