"""Low-rank adapters beside the matrices of a language model (Hu et al. 2022, LoRA)."""

from __future__ import annotations

from typing import cast

from peft import LoraConfig, LoraModel
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D


def add_adapters(lm: PreTrainedModel, rank: int) -> LoraModel:
    """Freeze the language model and put trainable adapters into it, in place.

    `merged` makes it a plain language model again.
    """
    # GPT-2 keeps its matrices the other way round.
    turned = any(isinstance(module, Conv1D) for module in lm.modules())
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", fan_in_fan_out=turned
    )
    return LoraModel(lm, config, "default")


def merged(adapters: LoraModel) -> PreTrainedModel:
    """The language model with what the adapters learned added to its weights, without them."""
    return cast(PreTrainedModel, adapters.merge_and_unload())
