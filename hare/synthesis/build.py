"""From the corpus to a trained model directory: pool, tokenizer, features, training, files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from hare.attention.clusters import cluster_pool
from hare.attention.cross_attention import PoolAttentionSettings
from hare.data.corpus import Corpus, build_pool, compose_many, load_corpus
from hare.data.skills import Skill, format_skill
from hare.errors import SettingsError
from hare.synthesis.examples import Examples
from hare.synthesis.generator import ConditionedGPT2, Conditioner, request_prompt
from hare.synthesis.histories import (
    Population,
    labels_of,
    learn_features,
    simulate_states,
)
from hare.synthesis.model_files import Pool, TrainedModel, load_language_model, save_model
from hare.synthesis.training import Trainer, TrainingSettings
from hare.utils.embeddings import Encoder, load_encoder

END = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What to build. The defaults made the shipped model."""

    name: str = "hare-small"  # how the model is called wherever it appears
    base: str = ""  # hub id or directory of a causal LM to start from; "" for one of our own
    layers: int = 4  # of our own model, GPT-2's architecture
    width: int = 256
    attention_heads: int = 8
    context: int = 640  # tokens
    vocabulary: int = 3000
    encoder: str = "minilm"
    prefix_tokens: int = 6
    user_size: int = 14  # p
    pool_per_cell: int = 2  # composed skills a cell and level in the pool
    clusters: int = 24
    users: int = 20_000  # simulated histories
    alpha: float = 1.0  # default strength of exploration of the arm, in logit units
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.width % self.attention_heads:
            raise SettingsError("width", self.width, f"must divide by {self.attention_heads} heads")


@torch.random.fork_rng(devices=[])  # leaves the caller's global generator as it was
def train_model(settings: BuildSettings, out: Path, work: Path, progress: bool = True) -> str:
    """Train from nothing (or from `base`) and write the model directory `out`.

    work   folder for checkpoints; a run that was stopped goes on from the last one

    Returns the model's fingerprint.
    """
    corpus = load_corpus()
    torch.manual_seed(settings.training.seed)
    rng = np.random.default_rng(settings.training.seed)
    model = _language_model(settings, corpus)
    encoder, pool, trained_on, seen_embeddings = _pool(settings, corpus)
    population = Population()
    domains = list(corpus.domains)
    feature_map, rating_model = learn_features(
        seen_embeddings, trained_on, domains, settings.user_size, population, rng
    )
    bank = simulate_states(
        feature_map(seen_embeddings),
        *labels_of(trained_on, domains),
        model=rating_model,
        population=population,
        domain_count=len(domains),
        count=settings.users,
        rng=rng,
    )
    model.conditioner = Conditioner(
        PoolAttentionSettings(embedding_size=encoder.size, user_size=settings.user_size),
        settings.prefix_tokens,
        model.token_embedding.embedding_dim,
    )
    wordings = [(t.id, text) for t in corpus.tasks.values() for text in t.requests["train"]]
    examples = Examples(
        corpus, pool, bank, model, wordings, encoder.encode([text for _, text in wordings])
    )
    trainer = Trainer(model, examples, settings.training)
    work.mkdir(parents=True, exist_ok=True)
    trainer.train(work / "checkpoint.pt", progress)
    config = {
        "name": settings.name,
        "base": settings.base or "GPT-2's architecture, trained from random weights on our corpus",
        "encoder": settings.encoder,
        "alpha": settings.alpha,
        "build": asdict(settings),
        "curve": trainer.curve[:: max(1, len(trainer.curve) // 60)],
    }
    return save_model(TrainedModel(model, pool, feature_map, rating_model, config), out)


def _pool(settings: BuildSettings, corpus: Corpus) -> tuple[Encoder, Pool, list[Skill], np.ndarray]:
    """Encoder and pool, and the skills that features are learned on, with their embeddings."""
    skills = build_pool(corpus, settings.pool_per_cell)
    extra = compose_many(corpus, 2, seed=settings.training.seed + 1)
    encoder = load_encoder(settings.encoder, [format_skill(s) for s in skills])
    embeddings = encoder.encode([format_skill(s) for s in [*skills, *extra]])
    clusters = cluster_pool(embeddings[: len(skills)], settings.clusters, settings.training.seed)
    pool = Pool(tuple(skills), embeddings[: len(skills)], clusters)
    return encoder, pool, [*skills, *extra], embeddings


def _language_model(settings: BuildSettings, corpus: Corpus) -> ConditionedGPT2:
    if settings.base:
        return load_language_model(settings.base)
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
    return ConditionedGPT2(GPT2LMHeadModel(config), tokenizer)


def train_tokenizer(corpus: Corpus, vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE on composed and hand-written skills and requests."""
    texts = [format_skill(s) for s in [*corpus.written, *compose_many(corpus, 12, seed + 2)]]
    requests = [
        request_prompt(text) for task in corpus.tasks.values() for text in task.requests["train"]
    ]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([*texts, *requests, "Notes:\n"], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=END)
