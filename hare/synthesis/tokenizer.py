"""The tokenizer of our own model: phrases of the corpus are tokens, and so are short runs of words.

Byte-level BPE (Sennrich, Haddow and Birch 2016) whose merges may cross up to two blanks (compare
Liu et al. 2025, SuperBPE), so that a text of 170 words takes some 110 tokens. A phrase that fills a
slot of the grammar is one token: it is written whole or not at all. Any other text is spelled in
smaller pieces, in the end in bytes.
"""

from __future__ import annotations

import re

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from hare.data.checker import any_of
from hare.data.corpus import SLOTS, Corpus, compose_many
from hare.data.skills import format_skill

END = "<|endoftext|>"
WORDS = 3  # of a token, at most

_PIECES = rf"\n+|\d+\.|[.?!,:;]+|(?: ?[^\s.?!,:;]+){{1,{WORDS}}}"


def train_tokenizer(corpus: Corpus, vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """Learn the merges from skills and single words of requests, then add the corpus's phrases.

    vocabulary   tokens besides the phrases, more than the 257 of the bytes and the end
    """
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    phrases = _phrases(corpus)
    between = re.compile(any_of(phrases))
    skills = [
        *corpus.written,
        *compose_many(corpus, 12, seed),
        *compose_many(corpus, 2, seed, True),
    ]
    texts = [piece for s in skills for piece in between.split(format_skill(s))]
    words = [
        f" {word}"
        for task in corpus.tasks.values()
        for request in task.requests["train"]
        for word in request.split()
    ]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([*texts, *words, "Request:", "Notes:\n"], trainer)
    bpe.add_tokens([AddedToken(p, normalized=False, special=False) for p in phrases])
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=END)


def _phrases(corpus: Corpus) -> list[str]:
    """What fills the slots, with the blank before it; moves also as they open a sentence."""
    phrases: dict[str, None] = {}
    for domain in corpus.domains.values():
        for slot in SLOTS:
            for atom in domain.atoms[slot]:
                phrases[f" {atom.text}"] = None
                if slot == "move":
                    phrases[f" {atom.text[0].upper()}{atom.text[1:]}"] = None
    return list(phrases)
