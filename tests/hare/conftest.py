"""One corpus, one checker and one tiny trained model for all of hare's tests.

The model is trained in seconds and writes no sense; what it must do is obey every rule that the
shipped one obeys. The shipped model has a test file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
import torch
from transformers import GPT2LMHeadModel

from hare.arms import Arm, Decoding, ResourceSettings, build_arms
from hare.data.checker import Checker
from hare.data.corpus import Corpus, load_corpus
from hare.synthesis.build import BuildSettings, Material, prepare, train_model
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.model_files import load_model, save_model
from hare.synthesis.resources import Resources, load_resources
from hare.synthesis.training import TrainingSettings

TINY = BuildSettings(
    name="tiny",
    layers=1,
    width=32,
    attention_heads=2,
    vocabulary=600,
    context=1536,
    encoder="tfidf",
    pool_per_cell=1,
    feature_texts=1,
    clusters=6,
    users=60,
    user_size=6,
    archetypes=4,
    training=TrainingSettings(steps=4, attention_steps=4, batch=2, warmup=1, checkpoint_every=2),
)
SHORT = Decoding(max_new_tokens=12, drafts=1)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return load_corpus()


@pytest.fixture(scope="session")
def checker(corpus: Corpus) -> Checker:
    return Checker(corpus)


@pytest.fixture(scope="session")
def tiny_build() -> BuildSettings:
    """What the tiny model is made by."""
    return TINY


@pytest.fixture(scope="session")
def tiny_material() -> Material:
    """Pool and users of the tiny model."""
    return prepare(TINY)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, tiny_material: Material) -> Path:
    """The directory of a tiny trained model. Tests that spoil files work on a copy."""
    folder = tmp_path_factory.mktemp("tiny")
    train_model(TINY, folder / "model", folder / "work", progress=False, material=tiny_material)
    trained = load_model(str(folder / "model"))
    _never_end(trained.model)
    save_model(trained, folder / "model")
    return folder / "model"


def _never_end(model: ConditionedGPT2) -> None:
    """Make the end token impossible: by chance it may come first, and a text is empty then."""
    with torch.no_grad():
        lm = cast(GPT2LMHeadModel, model.lm)
        lm.transformer.ln_f.weight[0] = 0.0
        lm.transformer.ln_f.bias[0] = 1.0  # the first component is 1 at every position ...
        model.token_embedding.weight[:, 0] = 0.0
        model.token_embedding.weight[model.end, 0] = -1000.0  # ... and counts for the end alone


@pytest.fixture(scope="session")
def tiny_settings(tiny_model: Path) -> ResourceSettings:
    return ResourceSettings(model=str(tiny_model), decoding=SHORT)


@pytest.fixture(scope="session")
def tiny_resources(tiny_settings: ResourceSettings) -> Resources:
    return load_resources(tiny_settings)


@pytest.fixture(scope="session")
def tiny_arms(tiny_settings: ResourceSettings) -> Mapping[str, Arm]:
    return build_arms({"hare": "hare", "rag": "rag", "gpt2": "gpt2"}, tiny_settings)
