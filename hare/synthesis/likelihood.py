"""What a conditioned language model gives each token of known texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hare.errors import InputError
from hare.synthesis.generator import ConditionedGPT2


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Predictions for the n tokens of some texts, one text after the other, end tokens included.

    logits (n, vocabulary) float32, tokens (n,) what stands there, row (n,) the text it stands in
    """

    logits: Tensor
    tokens: Tensor
    row: Tensor


def predict(
    model: ConditionedGPT2,
    prompts: Sequence[Sequence[int]],
    texts: Sequence[Sequence[int]],
    soft: Tensor | None,
    blanked: Sequence[NDArray[np.bool_]] | None = None,
) -> Predicted:
    """Predict texts, each after its soft tokens (B, k, width), if any, and its prompt.

    blanked   for each text, which of its tokens are neither predicted nor read by the model, which
              reads the end token there

    Raises InputError when they do not fit into the model's context.
    """
    rows = [[*p, *t, model.end] for p, t in zip(prompts, texts, strict=True)]
    width = max(map(len, rows))
    length = width + (0 if soft is None else soft.shape[1])
    context = getattr(model.lm.config, "max_position_embeddings", length)
    if length > context:
        raise InputError(
            f"a prompt and text of {length} tokens does not fit into the base model's context "
            f"of {context}: train a model with a longer one"
        )
    table = model.token_embedding
    padded = [row + [model.end] * (width - len(row)) for row in rows]
    ids = torch.tensor(padded, device=table.weight.device)
    targets = torch.full_like(ids, -100)
    for i, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
        targets[i, len(prompt) : len(row)] = ids[i, len(prompt) : len(row)]
    for i, hidden in enumerate(blanked or ()):
        places = len(prompts[i]) + np.flatnonzero(hidden)
        ids[i, places], targets[i, places] = model.end, -100
    inputs = table(ids)
    if soft is not None:
        inputs = torch.cat([soft, inputs], dim=1)
        targets = nn.functional.pad(targets, (soft.shape[1], 0), value=-100)
    hidden = model.lm.base_model(inputs_embeds=inputs, use_cache=False)[0]
    # Only positions that predict a text token go through the vocabulary.
    following = targets[:, 1:]
    row, place = (following != -100).nonzero(as_tuple=True)
    logits = cast(nn.Module, model.lm.get_output_embeddings())(hidden[row, place])
    return Predicted(logits.float(), following[row, place], row)
