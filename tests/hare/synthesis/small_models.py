"""A GPT-2 too small to write sense, with a tokenizer of bytes, for tests that need any model."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and the end token: 257 tokens, id 0 the end."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {END: 0} | {letter: i for i, letter in enumerate(alphabet, start=1)}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=END)


def spaced_tokenizer() -> PreTrainedTokenizerFast:
    """Pieces with the blank before them or without; that of a text's beginning is lost, as in
    LLaMA's tokenizer."""
    marks = ["#", "\n\n##", "When", "to", "use\n", "Instructions\n1.", "Example\n"]
    marks += ["...", "\n", "\n\n", *(f"\n{k}." for k in range(2, 10))]
    words = ["plan", "the", "work"]
    pieces = [END, *(f"▁{piece}" for piece in marks + words), *words]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    whole = Tokenizer(models.WordLevel(vocab=vocabulary, unk_token=END))
    whole.pre_tokenizer = pre_tokenizers.Metaspace()
    whole.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=whole, eos_token=END, pad_token=END)


def small_gpt2(vocabulary: int = 257, context: int = 96, dropout: float = 0.0) -> GPT2LMHeadModel:
    """Random weights with enough spread that the next token is neither certain nor a coin."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=context,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.4,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
    )
    return GPT2LMHeadModel(config).eval()


def save_plain_model(folder: Path, context: int = 4096) -> Path:
    """A directory as transformers writes one: no pool, no conditioner, nothing of ours."""
    small_gpt2(context=context).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder
