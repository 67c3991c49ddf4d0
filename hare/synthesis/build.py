"""From the corpus to a trained model directory: pool, tokenizer, features, training, files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from hare.attention.clusters import cluster_pool
from hare.attention.cross_attention import PoolAttentionSettings
from hare.data.corpus import Corpus, build_pool, compose_many, load_corpus
from hare.data.skills import format_skill
from hare.errors import SettingsError
from hare.synthesis.examples import Examples
from hare.synthesis.generator import ConditionedGPT2, Conditioner
from hare.synthesis.histories import (
    Population,
    StateBank,
    labels_of,
    learn_users,
    simulate_states,
)
from hare.synthesis.model_files import (
    Pool,
    TrainedModel,
    load_language_model,
    load_model,
    save_model,
)
from hare.synthesis.phrases import start_phrases
from hare.synthesis.tokenizer import train_tokenizer
from hare.synthesis.training import Trainer, TrainingSettings
from hare.user_state.kinds import KindMap
from hare.user_state.mixture import MixturePosterior
from hare.utils.embeddings import Encoder, load_encoder

SIZES = {"small": {"layers": 6, "width": 256}, "large": {"layers": 12, "width": 512}}
"""Our own model: the one for a CPU, and a sibling to be trained on a GPU."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What to build. The defaults are those of the shipped model."""

    name: str = "hare-small"  # how the model is called wherever it appears
    base: str = ""  # hub id or directory of a causal LM to start from; "" for one of our own
    start: str = ""  # "embedded" or directory of a trained model to train further; "" for none
    layers: int = 6  # of our own model, GPT-2's architecture
    width: int = 256
    attention_heads: int = 8
    context: int = 640  # tokens
    vocabulary: int = 4000  # tokens besides the corpus's phrases
    encoder: str = "minilm"
    prefix_tokens: int = 6
    user_size: int = 14  # p
    archetypes: int = 36  # components of the prior over users
    pool_per_cell: int = 1  # composed skills a cell and level in the pool
    feature_texts: int = 3  # further texts a cell and level that the features are learned on
    clusters: int = 24
    users: int = 12_000  # simulated histories
    alpha: float = 1.0  # default strength of exploration of the arm, in logit units
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.width % self.attention_heads:
            raise SettingsError("width", self.width, f"must divide by {self.attention_heads} heads")
        if self.prefix_tokens < 1:
            raise SettingsError("prefix_tokens", self.prefix_tokens, "must be >= 1")
        if self.base and self.start:
            rule = "must be left out with base: the trained model has a language model of its own"
            raise SettingsError("start", self.start, rule)
        if not (self.base or self.start) and (self.training.freeze or self.training.lora):
            given = (self.training.freeze, self.training.lora)
            rule = (
                "need a base: a model of our own starts from random weights, which must be trained"
            )
            raise SettingsError("freeze, lora", given, rule)


def further(start: str, name: str = "", **training: Any) -> BuildSettings:
    """Settings for training a model further: its own, but for those of the training that are given
    and, if given, the name.

    Raises ModelFilesError when there is no such model.
    """
    config = load_model(start).config
    own = {k: v for k, v in config["build"].items() if k not in ("start", "base")}
    made = own.pop("training")
    merged = TrainingSettings(**{**made, "shares": tuple(made["shares"]), **training})
    return BuildSettings(**{**own, "name": name or config["name"]}, start=start, training=merged)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What training needs besides the language model: the pool, and simulated users of it.

    wordings    (task, request) pairs, with their embeddings (wordings, e)
    """

    encoder: Encoder
    pool: Pool
    feature_map: KindMap
    prior: MixturePosterior
    bank: StateBank
    wordings: tuple[tuple[str, str], ...]
    embeddings: np.ndarray


def prepare(settings: BuildSettings) -> Material:
    """Compose and embed the pool, learn features and prior, and simulate users' histories.

    A trained model to start from keeps its pool, features and prior.
    """
    start = load_model(settings.start) if settings.start else None
    corpus, domains = load_corpus(), list(load_corpus().domains)
    seed = settings.training.seed
    rng = np.random.default_rng(seed)
    skills = build_pool(corpus, settings.pool_per_cell)
    extra = compose_many(corpus, settings.feature_texts, seed=seed + 1)
    shown = compose_many(corpus, 1, seed=seed + 3)  # rated by the users, unseen by the feature map
    encoder = load_encoder(settings.encoder, [format_skill(s) for s in skills])
    embedded = encoder.encode([format_skill(s) for s in [*skills, *extra, *shown]])
    known, unknown = embedded[: -len(shown)], embedded[-len(shown) :]
    population = Population()
    if start:
        pool, feature_map, prior = start.pool, start.feature_map, start.prior
    else:
        own = known[: len(skills)]
        pool = Pool(tuple(skills), own, cluster_pool(own, settings.clusters, seed))
        feature_map, prior = learn_users(
            known,
            [*skills, *extra],
            domains,
            settings.user_size,
            settings.archetypes,
            population,
            rng,
        )
    bank = simulate_states(
        feature_map(unknown),
        *labels_of(shown, domains),
        prior=prior,
        population=population,
        domain_count=len(domains),
        count=settings.users,
        rng=rng,
    )
    wordings = tuple((t.id, text) for t in corpus.tasks.values() for text in t.requests["train"])
    return Material(
        encoder,
        pool,
        feature_map,
        prior,
        bank,
        wordings,
        encoder.encode([text for _, text in wordings]),
    )


@torch.random.fork_rng(devices=[])  # leaves the caller's global generator as it was
def train_model(
    settings: BuildSettings,
    out: Path,
    work: Path,
    progress: bool = True,
    material: Material | None = None,
) -> str:
    """Train from nothing (or from `base`) and write the model directory `out`.

    work       folder for checkpoints; a run that was stopped goes on from the last one
    material   what `prepare` made of the same settings, for runs that share it

    Returns the model's fingerprint.
    """
    corpus = load_corpus()
    # Before the minutes that the rest takes, for a name may be wrong.
    base = load_language_model(settings.base) if settings.base else None
    start = load_model(settings.start) if settings.start else None
    material = material or prepare(settings)
    torch.manual_seed(settings.training.seed)
    if start:
        model = start.model.requires_grad_()
    else:
        model = base or _own_model(settings, corpus)
        model.conditioner = Conditioner(
            PoolAttentionSettings(
                embedding_size=material.encoder.size, user_size=settings.user_size
            ),
            settings.prefix_tokens,
            model.token_embedding.embedding_dim,
        )
    examples = Examples(
        corpus,
        material.pool,
        material.bank,
        model,
        material.wordings,
        material.embeddings,
        settings.training.written_share,
        settings.training.device,
    )
    trainer = Trainer(model, examples, settings.training)
    work.mkdir(parents=True, exist_ok=True)
    trainer.train(work / "checkpoint.pt", progress)
    config = {
        "name": settings.name,
        "base": _base(settings, start),
        "encoder": settings.encoder,
        "alpha": settings.alpha,
        "build": asdict(settings),
        "curve": trainer.curve[:: max(1, len(trainer.curve) // 60)],
    }
    if start:
        told = {k: start.config[k] for k in ("build", "from", "remarks") if k in start.config}
        config["from"] = {"fingerprint": start.fingerprint, **told}
    trained = TrainedModel(model, material.pool, material.feature_map, material.prior, config)
    return save_model(trained, out)


def _base(settings: BuildSettings, start: TrainedModel | None) -> str:
    """What the weights come from, in words."""
    if start:
        return str(start.config["base"])
    return settings.base or "GPT-2's architecture, trained from random weights on our corpus"


def _own_model(settings: BuildSettings, corpus: Corpus) -> ConditionedGPT2:
    tokenizer = train_tokenizer(corpus, settings.vocabulary, settings.training.seed)
    end = cast(int, tokenizer.eos_token_id)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=settings.context,
        n_embd=settings.width,
        n_layer=settings.layers,
        n_head=settings.attention_heads,
        activation_function="gelu_pytorch_tanh",  # GPT-2's function, in one fused operation
        bos_token_id=end,
        eos_token_id=end,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    model = ConditionedGPT2(GPT2LMHeadModel(config), tokenizer)
    start_phrases(model, corpus, settings.training.seed)
    return model
