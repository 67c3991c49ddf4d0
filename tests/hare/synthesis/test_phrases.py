"""Where phrase tokens start: beside the others of their domain, and of their slot."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import byte_tokenizer, small_gpt2
from transformers import GPT2Config, GPT2LMHeadModel

from hare.data.corpus import SLOTS, Corpus
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.phrases import start_phrases
from hare.synthesis.resources import Resources

WIDTH = 64


@pytest.fixture
def fresh(tiny_resources: Resources) -> ConditionedGPT2:
    """Random weights behind our own tokenizer."""
    tokenizer = tiny_resources.trained.model.tokenizer
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=WIDTH,
        n_layer=1,
        n_head=2,
        n_positions=8,
        bos_token_id=0,
        eos_token_id=0,
    )
    return ConditionedGPT2(GPT2LMHeadModel(config), tokenizer)


def places(model: ConditionedGPT2, corpus: Corpus) -> dict[tuple[str, str], list[int]]:
    """Tokens of the phrases by domain and slot."""
    return {
        (domain.id, slot): [model.encode(f" {a.text}")[0] for a in domain.atoms[slot]]
        for domain in corpus.domains.values()
        for slot in SLOTS
    }


def test_phrases_of_one_domain_start_nearer_to_each_other_than_to_those_of_others(
    fresh: ConditionedGPT2, corpus: Corpus
) -> None:
    start_phrases(fresh, corpus, seed=1)
    rows = fresh.token_embedding.weight.detach().numpy()
    at = places(fresh, corpus)
    for slot in SLOTS:
        by_domain = np.stack([rows[at[domain, slot]].mean(axis=0) for domain in corpus.domains])
        for k, domain in enumerate(corpus.domains):
            distance = np.linalg.norm(rows[at[domain, slot]][:, None] - by_domain, axis=2)
            assert (distance.argmin(axis=1) == k).all()


def test_only_phrases_move_and_all_of_them_do(fresh: ConditionedGPT2, corpus: Corpus) -> None:
    before = fresh.token_embedding.weight.detach().clone()
    count = start_phrases(fresh, corpus, seed=1)
    moved = (fresh.token_embedding.weight != before).any(dim=1).nonzero().squeeze(1).tolist()
    assert len(moved) == count
    phrases = {i for tokens in places(fresh, corpus).values() for i in tokens}
    assert phrases <= set(moved)
    texts = fresh.tokenizer.batch_decode([[i] for i in moved])
    assert all(text.startswith(" ") and len(text) > 5 for text in texts)


def test_equal_seeds_start_alike(fresh: ConditionedGPT2, corpus: Corpus) -> None:
    start = fresh.token_embedding.weight.detach().clone()

    def started(seed: int) -> torch.Tensor:
        with torch.no_grad():
            fresh.token_embedding.weight.copy_(start)
        start_phrases(fresh, corpus, seed)
        return fresh.token_embedding.weight.detach().clone()

    assert torch.equal(started(1), started(1))
    assert not torch.equal(started(1), started(2))


def test_a_model_that_spells_phrases_in_pieces_is_left_as_it_is(corpus: Corpus) -> None:
    model = ConditionedGPT2(small_gpt2(), byte_tokenizer())
    before = model.token_embedding.weight.detach().clone()
    assert start_phrases(model, corpus, seed=1) == 0
    assert torch.equal(model.token_embedding.weight, before)
