"""One corpus, one checker and one tiny trained model for all of hare's tests.

The model is trained in seconds and writes no sense; what it must do is obey every rule that the
shipped one obeys. Tests with the shipped model are marked by their own file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from hare.arms import Arm, Decoding, ResourceSettings, build_arms
from hare.data.checker import Checker
from hare.data.corpus import Corpus, load_corpus
from hare.synthesis.build import BuildSettings, train_model
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
    clusters=6,
    users=60,
    user_size=6,
    training=TrainingSettings(steps=4, attention_steps=4, batch=2, warmup=1, checkpoint_every=2),
)
SHORT = Decoding(max_new_tokens=12, drafts=1)


# A busy machine must not fail a property.
settings.register_profile("hare", deadline=None)
settings.load_profile("hare")


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return load_corpus()


@pytest.fixture(scope="session")
def checker(corpus: Corpus) -> Checker:
    return Checker(corpus)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a tiny trained model. Tests that spoil files work on a copy."""
    folder = tmp_path_factory.mktemp("tiny")
    train_model(TINY, folder / "model", folder / "work", progress=False)
    return folder / "model"


@pytest.fixture(scope="session")
def tiny_settings(tiny_model: Path) -> ResourceSettings:
    return ResourceSettings(model=str(tiny_model), decoding=SHORT)


@pytest.fixture(scope="session")
def tiny_resources(tiny_settings: ResourceSettings) -> Resources:
    return load_resources(tiny_settings)


@pytest.fixture(scope="session")
def tiny_arms(tiny_settings: ResourceSettings) -> Mapping[str, Arm]:
    return build_arms({"hare": "hare", "rag": "rag", "gpt2": "gpt2"}, tiny_settings)
