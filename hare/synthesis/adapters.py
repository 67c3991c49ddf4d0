"""Low-rank adapters beside the matrices of a language model (Hu et al. 2022, LoRA)."""

from __future__ import annotations

from peft import LoraConfig, LoraModel
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D


def add_adapters(lm: PreTrainedModel, rank: int) -> LoraModel:
    """Freeze the language model and put trainable adapters into it, in place.

    `merge_and_unload` of what is returned adds what they learned to the weights, takes them out and
    gives the language model.
    """
    # GPT-2 keeps its matrices the other way round.
    turned = any(isinstance(module, Conv1D) for module in lm.modules())
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", fan_in_fan_out=turned
    )
    return LoraModel(lm, config, "default")
