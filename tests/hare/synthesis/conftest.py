"""Training examples of the tiny model's pool, and a copy of the model to train on."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from hare.data.corpus import Corpus
from hare.synthesis.examples import Examples
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.histories import Population, labels_of, simulate_states
from hare.synthesis.resources import Resources


@pytest.fixture(scope="module")
def examples(tiny_resources: Resources, corpus: Corpus) -> Examples:
    trained = tiny_resources.trained
    domains = list(corpus.domains)
    bank = simulate_states(
        trained.feature_map(trained.pool.embeddings),
        *labels_of(trained.pool.skills, domains),
        prior=trained.prior,
        population=Population(),
        domain_count=len(domains),
        count=40,
        rng=np.random.default_rng(0),
    )
    wordings = [(t.id, text) for t in corpus.tasks.values() for text in t.requests["train"][:5]]
    embeddings = tiny_resources.encoder.encode([text for _, text in wordings])
    return Examples(
        corpus, trained.pool, bank, trained.model, wordings, embeddings, written_share=0.3
    )


@pytest.fixture
def model(tiny_resources: Resources) -> ConditionedGPT2:
    """A copy of the tiny model, free to train on."""
    return copy.deepcopy(tiny_resources.trained.model)
