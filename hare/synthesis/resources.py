"""What the generating arms share: one language model, encoder, pool and decoding."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hare.data.checker import Checker
from hare.data.corpus import load_corpus
from hare.data.skills import format_skill
from hare.errors import GenerationError, ModelFilesError
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.model_files import TrainedModel, load_language_model, load_model
from hare.synthesis.settings import ResourceSettings
from hare.utils.embeddings import Encoder, load_encoder

EMBEDDING_CACHE = 4096


@dataclass(frozen=True, slots=True)
class Written:
    """A text with what its record needs."""

    text: str
    tokens: int
    latency_s: float
    notes: tuple[str, ...]


class Resources:
    """Shared by the arms; safe to use from several threads, since nothing in it changes."""

    def __init__(self, trained: TrainedModel, encoder: Encoder, settings: ResourceSettings) -> None:
        self.trained = trained
        self.encoder = encoder
        self.settings = settings
        # One text at a time, so that a vector never depends on what else was encoded with it.
        self._embed = lru_cache(EMBEDDING_CACHE)(lambda text: encoder.encode([text])[0])

    @property
    def alpha(self) -> float:
        own = float(self.trained.config["alpha"])
        return own if self.settings.alpha is None else self.settings.alpha

    def embed(self, text: str) -> np.ndarray:
        """(e,) embedding of one text."""
        return self._embed(text)

    def features(self, text: str) -> np.ndarray:
        """(p + 1,) features of a text, the same map for every arm."""
        return self.trained.feature_map(self.embed(text)[None, :])[0]

    def nearest(self, query: str, count: int) -> list[int]:
        """Indices of the pool's `count` skills nearest to the query by cosine, nearest first."""
        similarity = self.trained.pool.embeddings @ self.embed(query)
        return [int(i) for i in np.argsort(-similarity, kind="stable")[:count]]

    def write(
        self, prompts: Sequence[str], seeds: Sequence[int], soft_tokens: Tensor | None = None
    ) -> list[Written]:
        """One text a prompt. GenerationError when a text stays empty."""
        if not prompts:
            return []
        start = time.perf_counter()
        decoding = self.settings.decoding
        drafts = self.trained.model.write(prompts, seeds, decoding, soft_tokens, self._sound)
        latency = time.perf_counter() - start
        written = []
        for draft in drafts:
            if not draft.text:
                raise GenerationError(
                    f"the language model wrote nothing in {decoding.drafts} drafts; "
                    "raise generation.drafts or use another model"
                )
            notes = (f"draft {draft.number + 1} of {decoding.drafts}",) if draft.number else ()
            if not draft.accepted:
                what = "sound" if draft.well_formed else "well formed"
                notes = (*notes, f"no draft was {what}")
            written.append(Written(draft.text, draft.tokens, latency, notes))
        return written

    def _sound(self, text: str) -> bool:
        """Whether the grammar of our corpus could have made the text; it looks at no user."""
        return _checker().check(text).clean

    def decoding_record(self) -> dict[str, float | str]:
        """The decoding settings as stored with a text."""
        return asdict(self.settings.decoding)


@lru_cache(maxsize=1)
def _checker() -> Checker:
    return Checker(load_corpus())


def load_resources(settings: ResourceSettings | None = None) -> Resources:
    """Load what the settings name.

    Raises ModelFilesError or EncoderError when a file is missing, altered or unreadable.
    """
    settings = settings or ResourceSettings()
    trained = _trained(settings.model)
    own = str(trained.config["encoder"])
    if settings.encoder not in ("", own):
        raise ModelFilesError(
            f"the model {settings.model!r} was trained with the encoder {own!r}; with "
            f"{settings.encoder!r} its features mean nothing. Leave the encoder to the model, or "
            f"train one: python -m hare train --encoder {settings.encoder} --out DIR"
        )
    encoder = load_encoder(own, [format_skill(s) for s in trained.pool.skills])
    return Resources(trained, encoder, settings)


def _trained(name: str) -> TrainedModel:
    """A model of ours, or a plain causal language model beside the embedded pool and features."""
    if name == "embedded" or (Path(name) / "digests.json").is_file():
        return load_model(name)
    plain = load_language_model(name)
    embedded = load_model()
    return TrainedModel(
        model=plain,
        pool=embedded.pool,
        feature_map=embedded.feature_map,
        prior=embedded.prior,
        config={**embedded.config, "name": name, "base": name},
        fingerprint=_weights_digest(plain),
    )


def _weights_digest(model: ConditionedGPT2) -> str:
    """SHA-256 over the weights by name, as many digits as a fingerprint of ours has."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.lm.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.to(torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
