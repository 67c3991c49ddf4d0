"""Offline feedback: train the language model and the prefix further on rated texts.

    loss = mean over tokens of  -(r - b) log p(y_t | z, u)  +  beta KL(p || p_ref)

with r in [0, 1] a text's reward, z and u what conditioned it, and p_ref the frozen model that one
starts from: REINFORCE with a baseline (Williams 1992), held near its start as by Ziegler et al.
(2019). The divergence is exact over the vocabulary at every token of the rated texts. Without the
baseline, -r log p with r >= 0 would reward every text.

The baseline b is the mean reward of the text's participant. Strict and generous raters then count
alike, and each participant's advantages sum to nothing. A text's own reward enters its baseline,
which scales all advantages of n ratings by (1 - 1/n), no more. A running mean of earlier rounds
would have no value in the first round, and since texts become better as the user becomes known, it
would reward every later text for being later.

The part of the loss where r < b has no lower bound: a few passes with small steps are meant, not
convergence. The attention keeps its weights, so z is what it was when the text was written.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hare.errors import InputError, SettingsError
from hare.synthesis.adapters import add_adapters, merged
from hare.synthesis.generator import ConditionedGPT2, Conditioner, request_prompt
from hare.synthesis.likelihood import Predicted, predict
from hare.synthesis.model_files import TrainedModel
from hare.synthesis.training import check_device
from hare.user_state.state import Array


@dataclass(frozen=True, slots=True)
class FeedbackSettings:
    """How far ratings move a model."""

    beta: float = 0.2  # weight of the divergence, in rewards a nat; 0 lets it go anywhere
    epochs: int = 2  # passes over the ratings
    batch: int = 8  # texts a step
    learning_rate: float = 5e-5  # of AdamW
    lora: int = 0  # rank of low-rank adapters in place of the language model's weights; 0: full
    device: str = "cpu"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise SettingsError(name, getattr(self, name), "must be >= 1")
        if not 0 <= self.beta < float("inf"):
            raise SettingsError("beta", self.beta, "must be >= 0 and finite")
        if not 0 < self.learning_rate < float("inf"):
            raise SettingsError("learning_rate", self.learning_rate, "must be > 0 and finite")
        for name in ("lora", "seed"):
            if getattr(self, name) < 0:
                raise SettingsError(name, getattr(self, name), "must be >= 0")
        check_device(self.device)


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """A rated text with what conditioned it: z (w,) of the attention and the user's mean (p,)."""

    participant: str
    query: str
    text: str
    reward: float
    z: np.ndarray
    mean: np.ndarray


def advantages(participants: Sequence[str], rewards: Sequence[float]) -> Array:
    """Each reward less the mean reward of its participant, (n,).

    >>> advantages(["a", "a", "b"], [1.0, 0.5, 0.7]).round(6).tolist()
    [0.25, -0.25, 0.0]
    """
    values = np.asarray(rewards, dtype=np.float64)
    who = np.unique(np.asarray(participants), return_inverse=True)[1]
    return values - (np.bincount(who, values) / np.bincount(who))[who]


@torch.random.fork_rng(devices=[])  # leaves the caller's global generator as it was
def learn_from(
    trained: TrainedModel,
    rated: Sequence[Rated],
    settings: FeedbackSettings,
    progress: bool = True,
) -> TrainedModel:
    """A new model, trained on the ratings; the one given stays as it is.

    The last entry of its configuration's "feedback" says from which model it came, by what settings
    and how many ratings, and what changed. Raises InputError when there are no ratings or a text
    does not fit into the model's context.
    """
    texts = _Texts(trained.model, rated, settings.device)
    reference, model = _copy(trained.model, settings), _copy(trained.model, settings)
    reference.requires_grad_(False)
    torch.manual_seed(settings.seed)  # for the adapters
    adapters = add_adapters(model.lm, settings.lora) if settings.lora else None
    parameters = _parameters(model)
    optimiser = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.0)
    steps = [rows for epoch in range(settings.epochs) for rows in texts.batches(settings, epoch)]
    for rows in tqdm(steps, disable=not progress, desc="feedback"):
        scores = _score(model, reference, texts, rows)
        loss = (settings.beta * scores.divergence - scores.advantage * scores.log_p).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
    if adapters is not None:
        model.lm = merged(adapters)
    with torch.no_grad():
        for parameter in model.parameters():  # files hold half precision: measure what they hold
            parameter.copy_(parameter.half())
    entry = {
        "parent": trained.fingerprint,
        "settings": asdict(settings),
        "ratings": len(rated),
        "ratings_sha256": _digest(rated),
        "participants": len({one.participant for one in rated}),
        **_figures(model, reference, texts, settings),
    }
    config = {**trained.config, "feedback": [*trained.config.get("feedback", ()), entry]}
    return replace(trained, model=model.to("cpu"), config=config, fingerprint="")


def what_changed(trained: TrainedModel) -> str:
    """The last feedback of a model in words."""
    last = trained.config["feedback"][-1]
    return (
        f"From the model {last['parent']}, by {last['ratings']} ratings of {last['participants']} "
        f"participants. Of their texts, log p a token changed by {last['gain_above']:+.4f} nats "
        f"where rated above the participant's mean and by {last['gain_below']:+.4f} where below; "
        f"KL from the start {last['divergence']:.4f} nats a token."
    )


def card(trained: TrainedModel) -> str:
    """A model card that says how the model came about."""
    last = trained.config["feedback"][-1]
    settings = json.dumps(last["settings"], indent=2, sort_keys=True)
    return (
        f"# {trained.config['name']}\n\n{what_changed(trained)}\n\n"
        "The card of that model holds for the rest, but its figures are to be measured again.\n\n"
        f"```json\n{settings}\n```\n"
    )


class _Texts:
    """The rated texts as tokens and tensors."""

    def __init__(self, model: ConditionedGPT2, rated: Sequence[Rated], device: str) -> None:
        if not rated:
            raise InputError("rated: must hold at least one rating")
        self._prompts = [model.encode_prompt(request_prompt(one.query)) for one in rated]
        self._texts = [model.encode(one.text) for one in rated]
        conditioner = _conditioner(model)
        context = getattr(model.lm.config, "max_position_embeddings", None)
        for one, prompt, text in zip(rated, self._prompts, self._texts, strict=True):
            length = conditioner.prefix_tokens + len(prompt) + len(text) + 1
            if context is not None and length > context:
                raise InputError(
                    f"a text of participant {one.participant!r}, with its request, takes {length} "
                    f"tokens and does not fit into the model's context of {context}"
                )
        self.advantages = torch.tensor(
            advantages([one.participant for one in rated], [one.reward for one in rated]),
            dtype=torch.float32,
            device=device,
        )
        self._z, self._mean = (
            torch.tensor(np.stack(rows), dtype=torch.float32, device=device)
            for rows in ([one.z for one in rated], [one.mean for one in rated])
        )

    def batches(self, settings: FeedbackSettings, epoch: int) -> list[np.ndarray]:
        """Rows in a new order for each epoch."""
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(self._texts))
        return np.array_split(order, math.ceil(len(order) / settings.batch))

    def predict(self, model: ConditionedGPT2, rows: np.ndarray) -> Predicted:
        conditioner = _conditioner(model)
        condition = conditioner.condition(self._z[rows], self._mean[rows])
        prompts, texts = [self._prompts[i] for i in rows], [self._texts[i] for i in rows]
        return predict(model, prompts, texts, conditioner.soft_tokens(condition))


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """By token (n,): log p, the same of the reference, KL(p || p_ref), the text's advantage."""

    log_p: Tensor
    log_reference: Tensor
    divergence: Tensor
    advantage: Tensor


def _score(
    model: ConditionedGPT2, reference: ConditionedGPT2, texts: _Texts, rows: np.ndarray
) -> _Scores:
    predicted = texts.predict(model, rows)
    with torch.no_grad():
        before = texts.predict(reference, rows).logits.log_softmax(dim=-1)
    now = predicted.logits.log_softmax(dim=-1)
    # KL with sum(q) - sum(p) = 0 added: then rounding leaves no gradient where p = q, and an
    # optimiser that scales every gradient up finds none.
    divergence = (now.exp() * (now - before) - now.exp() + before.exp()).sum(dim=-1)
    at = predicted.tokens.unsqueeze(-1)
    return _Scores(
        now.gather(-1, at).squeeze(-1),
        before.gather(-1, at).squeeze(-1),
        divergence,
        texts.advantages[rows][predicted.row],
    )


@torch.no_grad()
def _figures(
    model: ConditionedGPT2, reference: ConditionedGPT2, texts: _Texts, settings: FeedbackSettings
) -> dict[str, float]:
    """What changed: mean KL a token, and mean log p / p_ref a token of texts above and below their
    participant's mean, in nats."""
    scores = [_score(model, reference, texts, rows) for rows in texts.batches(settings, 0)]
    gain = torch.cat([s.log_p - s.log_reference for s in scores])
    advantage = torch.cat([s.advantage for s in scores])
    return {
        "divergence": float(torch.cat([s.divergence for s in scores]).mean()),
        "gain_above": float(gain[advantage > 0].sum() / max(1, int((advantage > 0).sum()))),
        "gain_below": float(gain[advantage < 0].sum() / max(1, int((advantage < 0).sum()))),
    }


def _digest(rated: Sequence[Rated]) -> str:
    """SHA-256 of who rated what how, in order."""
    lines = [[one.participant, one.query, one.text, one.reward] for one in rated]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _copy(model: ConditionedGPT2, settings: FeedbackSettings) -> ConditionedGPT2:
    return copy.deepcopy(model).to(settings.device).eval()  # without dropout: p is p_ref at first


def _conditioner(model: ConditionedGPT2) -> Conditioner:
    if model.conditioner is None:
        raise InputError("the model needs a conditioner to learn from ratings")
    return model.conditioner


def _parameters(model: ConditionedGPT2) -> list[nn.Parameter]:
    """The language model's that are trained, and those of the prefix."""
    conditioner = _conditioner(model)
    conditioner.attention.requires_grad_(False)
    return [p for p in model.parameters() if p.requires_grad]
