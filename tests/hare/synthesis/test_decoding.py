"""Sampling: what a row writes depends on its prompt, its seed and the settings alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from small_models import small_gpt2
from torch import Tensor
from transformers import GPT2LMHeadModel

from hare.arms import Decoding
from hare.errors import InputError, SettingsError
from hare.synthesis.decoding import sample

PROMPTS = [[5, 9, 30], [100, 7], [42, 43, 44, 45, 46, 47, 48]]
TWENTY = Decoding(temperature=0.9, top_p=0.95, max_new_tokens=20)


@pytest.fixture(scope="module")
def lm() -> GPT2LMHeadModel:
    """In double precision: rounding differs with the shape of a batch and must not turn a draw."""
    return small_gpt2().double()


def write(
    lm: GPT2LMHeadModel,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[int],
    decoding: Decoding = TWENTY,
    prefix: Tensor | None = None,
    end: int = 0,
) -> list[list[int]]:
    generators = [np.random.default_rng(seed) for seed in seeds]
    return sample(lm, prompts, prefix, generators, decoding, end)


def test_equal_seeds_write_equal_tokens_and_other_seeds_others(lm: GPT2LMHeadModel) -> None:
    assert write(lm, PROMPTS, [1, 2, 3]) == write(lm, PROMPTS, [1, 2, 3])
    assert write(lm, PROMPTS[:1], [1]) != write(lm, PROMPTS[:1], [2])


@pytest.mark.parametrize("with_prefix", [False, True])
def test_a_row_writes_the_same_alone_and_among_others(
    lm: GPT2LMHeadModel, with_prefix: bool
) -> None:
    torch.manual_seed(1)
    prefix = torch.randn(3, 4, 16, dtype=torch.float64) if with_prefix else None
    together = write(lm, PROMPTS, [1, 2, 3], prefix=prefix)
    for i in range(3):
        own = None if prefix is None else prefix[i : i + 1]
        assert write(lm, PROMPTS[i : i + 1], [i + 1], prefix=own) == [together[i]]
    assert (
        write(lm, PROMPTS[::-1], [3, 2, 1], prefix=None if prefix is None else prefix.flip(0))
        == (together[::-1])
    )


def test_a_row_that_ended_does_not_disturb_those_that_go_on(lm: GPT2LMHeadModel) -> None:
    # Any token may serve as the end; take one that the first row writes early.
    first, second, _ = write(lm, PROMPTS, [1, 2, 3], end=-1)
    end = next(token for token in first[3:] if token not in second)
    stopped = write(lm, PROMPTS[:2], [1, 2], end=end)
    assert stopped == [first[: first.index(end)], second]


def test_a_tiny_nucleus_is_greedy(lm: GPT2LMHeadModel) -> None:
    greedy = Decoding(temperature=1.0, top_p=1e-9, max_new_tokens=8)
    written = write(lm, PROMPTS[:1], [1], greedy, end=-1)[0]
    assert write(lm, PROMPTS[:1], [2], greedy, end=-1) == [written]
    ids = list(PROMPTS[0])
    for token in written:
        with torch.inference_mode():
            assert token == int(lm(torch.tensor([ids])).logits[0, -1].argmax())
        ids.append(token)


def test_cold_sampling_is_greedy_too(lm: GPT2LMHeadModel) -> None:
    cold = Decoding(temperature=1e-6, top_p=1.0, max_new_tokens=8)
    greedy = Decoding(temperature=1.0, top_p=1e-9, max_new_tokens=8)
    assert write(lm, PROMPTS, [4, 5, 6], cold) == write(lm, PROMPTS, [1, 2, 3], greedy)


def test_the_first_token_is_drawn_from_the_nucleus_with_its_probabilities(
    lm: GPT2LMHeadModel,
) -> None:
    draws = 3000
    one = Decoding(temperature=0.8, top_p=0.6, max_new_tokens=1)
    written = write(lm, [PROMPTS[0]] * draws, range(draws), one, end=-1)
    counts = np.bincount([tokens[0] for tokens in written], minlength=257)
    with torch.inference_mode():
        logits = lm(torch.tensor([PROMPTS[0]])).logits[0, -1].double()
    p = (logits / 0.8).softmax(-1).numpy()
    order = np.argsort(-p)
    nucleus = order[: int(np.searchsorted(p[order].cumsum(), 0.6)) + 1]
    assert counts[nucleus].sum() == draws
    expected = p[nucleus] / p[nucleus].sum()
    deviation = np.sqrt(draws * expected * (1 - expected))
    assert (np.abs(counts[nucleus] - draws * expected) <= 4 * deviation + 1e-9).all()


def test_soft_tokens_change_what_is_written(lm: GPT2LMHeadModel) -> None:
    torch.manual_seed(2)
    one, other = torch.randn(2, 1, 4, 16)
    texts = [write(lm, PROMPTS[:1], [1], prefix=p) for p in (None, one, other)]
    assert texts[0] != texts[1] != texts[2] != texts[0]


def test_the_budget_is_kept_and_the_end_token_left_out(lm: GPT2LMHeadModel) -> None:
    written = write(lm, PROMPTS, [1, 2, 3])
    assert all(len(tokens) <= 20 and 0 not in tokens for tokens in written)


def test_prompt_and_budget_that_do_not_fit_the_context_are_refused_with_the_numbers(
    lm: GPT2LMHeadModel,
) -> None:
    with pytest.raises(InputError, match=r"a prompt of 80 tokens and a budget of 20 .* of 96"):
        write(lm, [[1] * 80], [1])
    assert len(write(lm, [[1] * 76], [1], end=-1)[0]) == 20
    with pytest.raises(InputError, match="a prompt of 80 tokens"):
        write(lm, [[1] * 76], [1], prefix=torch.zeros(1, 4, 16))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 0.0),
        ("temperature", -1.0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_p", 0.0),
        ("top_p", 1.01),
        ("top_p", float("nan")),
        ("max_new_tokens", 0),
        ("drafts", 0),
    ],
)
def test_settings_outside_their_range_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"{field} = {value!r}: must be"):
        Decoding(**{field: value})
