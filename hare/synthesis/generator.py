"""A causal language model conditioned on (request, user) through a soft prefix.

Mokady et al. (2021), ClipCap: an MLP maps a condition to k vectors that stand before the prompt's
token embeddings. Here the condition is [z + u]: what the attention over the pool gathered for this
user and request, and the mean of the user state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hare.attention.cross_attention import PoolAttention, PoolAttentionSettings
from hare.data.skills import is_well_formed
from hare.synthesis.decoding import sample
from hare.synthesis.settings import Decoding
from hare.synthesis.structure import Outline

REQUEST = "Request: "


@dataclass(frozen=True, slots=True)
class Draft:
    """One text as written.

    tokens        its number of tokens
    number        which draft it is, from 0
    well_formed   its sections are there, and it ended within the budget
    accepted      by the rule of the decoding settings
    """

    text: str
    tokens: int
    number: int
    well_formed: bool
    accepted: bool

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """What is better, from the most important."""
        return self.accepted, self.well_formed, bool(self.text)


def request_prompt(query: str, notes: Sequence[str] = ()) -> str:
    """The prompt that every arm uses; notes are retrieved texts, for the arms that retrieve."""
    context = "".join(f"Notes:\n{note}\n\n" for note in notes)
    return f"{context}{REQUEST}{query}\n\n"


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

    @cached_property
    def line_feeds(self) -> list[int]:
        """Ids of the tokens that are line feeds and nothing else."""
        texts = {i: str(self.tokenizer.decode([i])) for i in range(len(self.tokenizer))}
        return [i for i, text in texts.items() if text and not text.strip("\n")]

    @property
    def token_embedding(self) -> nn.Embedding:
        """The table of token embeddings, (vocabulary, width)."""
        return cast(nn.Embedding, self.lm.get_input_embeddings())

    def encode(self, text: str) -> list[int]:
        """Token ids without special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def read(self, tokens: Sequence[int]) -> str:
        """The text of token ids, without blanks at the ends of lines, which a line feed alone
        ends."""
        lines = str(self.tokenizer.decode(list(tokens))).strip().split("\n")
        return "\n".join(" ".join(line.splitlines()).rstrip() for line in lines)

    @cached_property
    def outline(self) -> Outline:
        """The headings in this model's tokens, for texts of forced structure."""
        return Outline.of(self.tokenizer, self.token_embedding.num_embeddings)

    def encode_prompt(self, prompt: str) -> list[int]:
        """Token ids of a prompt. Words of the request are encoded one by one: a model whose tokens
        are runs of words then reads a wording that it never saw by its words."""
        notes, marker, request = prompt.rpartition(REQUEST)
        words = re.findall(r"\s*\S+|\s+$", request)
        return [*self.encode(notes + marker), *(i for word in words for i in self.encode(word))]

    def write(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        decoding: Decoding,
        soft_tokens: Tensor | None = None,
        sound: Callable[[str], bool] | None = None,
    ) -> list[Draft]:
        """One text a prompt: the first of `decoding.drafts` drafts that is accepted.

        sound   judges a text where `decoding.accept` is "sound"

        Where none is accepted, the first well-formed one is taken, or else the first that is not
        empty. Each draft draws from a generator of its own, seeded by (seed, draft).
        """
        ids = [self.encode_prompt(prompt) for prompt in prompts]
        best: dict[int, Draft] = {}
        waiting = list(range(len(prompts)))
        outline = self.outline if decoding.structure == "forced" else None
        for number in range(decoding.drafts):
            rows = None if soft_tokens is None else soft_tokens[waiting]
            generators = [np.random.default_rng([seeds[i], number]) for i in waiting]
            prompted = [ids[i] for i in waiting]
            texts = sample(self.lm, prompted, rows, generators, decoding, self.end, outline)
            for i, tokens in zip(waiting, texts, strict=True):
                text = self.read(tokens)
                whole = len(tokens) < decoding.max_new_tokens and is_well_formed(text)
                taken = whole and (decoding.accept != "sound" or sound is None or sound(text))
                draft = Draft(text, len(tokens), number, whole, taken)
                if i not in best or draft.rank > best[i].rank:
                    best[i] = draft
            waiting = [i for i in waiting if not best[i].accepted]
            if not waiting:
                break
        return [best[i] for i in range(len(prompts))]
