"""A causal language model conditioned on (request, user) through a soft prefix.

Mokady et al. (2021), ClipCap: an MLP maps a condition to k vectors that stand before the prompt's
token embeddings. Here the condition is [z + u]: what the attention over the pool gathered for this
user and request, and the mean of the user state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hare.attention.cross_attention import PoolAttention, PoolAttentionSettings
from hare.data.skills import is_well_formed
from hare.synthesis.decoding import sample
from hare.synthesis.settings import Decoding


def request_prompt(query: str, notes: Sequence[str] = ()) -> str:
    """The prompt that every arm uses; notes are retrieved texts, for the arms that retrieve."""
    context = "".join(f"Notes:\n{note}\n\n" for note in notes)
    return f"{context}Request: {query}\n\n"


class Conditioner(nn.Module):
    """Attention over the pool and the MLP that turns its result into soft tokens."""

    def __init__(self, attention: PoolAttentionSettings, prefix_tokens: int, width: int) -> None:
        super().__init__()
        self.attention = PoolAttention(attention)
        self.prefix_tokens = prefix_tokens
        condition = attention.width + attention.user_size
        self.condition_norm = nn.LayerNorm(condition)
        self.prefix = nn.Sequential(
            nn.Linear(condition, 2 * width), nn.GELU(), nn.Linear(2 * width, prefix_tokens * width)
        )

    def condition(self, z: Tensor, mean: Tensor) -> Tensor:
        """[z + u], normalised: (B, size of z + p)."""
        return self.condition_norm(torch.cat([z, mean], dim=-1))

    def soft_tokens(self, condition: Tensor) -> Tensor:
        """(B, k, width) soft tokens."""
        return self.prefix(condition).view(len(condition), self.prefix_tokens, -1)


class ConditionedGPT2(nn.Module):
    """A causal language model of transformers, with or without a conditioner."""

    def __init__(
        self,
        lm: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        conditioner: Conditioner | None = None,
    ) -> None:
        super().__init__()
        self.lm = lm
        self.tokenizer = tokenizer
        self.conditioner = conditioner

    @property
    def end(self) -> int:
        """Id of the end token."""
        return cast(int, self.tokenizer.eos_token_id)

    @property
    def token_embedding(self) -> nn.Embedding:
        """The table of token embeddings, (vocabulary, width)."""
        return cast(nn.Embedding, self.lm.get_input_embeddings())

    def encode(self, text: str) -> list[int]:
        """Token ids without special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def write(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        decoding: Decoding,
        soft_tokens: Tensor | None = None,
    ) -> list[tuple[str, int, int]]:
        """One text a prompt: (text, its number of tokens, which draft it is from 0).

        The first well-formed of `decoding.drafts` drafts is taken; when none is, the last one that
        is not empty. Each draft draws from a generator of its own, seeded by (seed, draft).
        """
        ids = [self.encode(prompt) for prompt in prompts]
        results: dict[int, tuple[str, int, int]] = {}
        waiting = list(range(len(prompts)))
        for draft in range(decoding.drafts):
            rows = None if soft_tokens is None else soft_tokens[waiting]
            generators = [np.random.default_rng([seeds[i], draft]) for i in waiting]
            texts = sample(self.lm, [ids[i] for i in waiting], rows, generators, decoding, self.end)
            for i, tokens in zip(waiting, texts, strict=True):
                text = str(self.tokenizer.decode(tokens)).strip()
                if text or i not in results:
                    results[i] = (text, len(tokens), draft)
            waiting = [i for i in waiting if not is_well_formed(results[i][0])]
            if not waiting:
                break
        return [results[i] for i in range(len(prompts))]
