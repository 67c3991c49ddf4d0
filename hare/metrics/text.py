"""Overlap of texts with references, and the share of texts in the agreed form.

BLEU: Papineni, Roukos, Ward and Zhu (2002), with sacrebleu (Post 2018),

    BLEU = BP exp( (1/N) Σ_n log p_n ),   BP = exp(min(0, 1 − r/c)),

p_n the clipped n-gram precision, c and r the lengths of candidate and reference, N = 4 or, in a
sentence without longer n-grams, the longest order it has (effective order). A sentence's p_n = 0 is
smoothed by 1/(2^k total) (Chen and Cherry 2014, method 3).

ROUGE: Lin (2004), with rouge-score. ROUGE-L of candidate c and reference r, from the length of
their longest common subsequence: P = lcs/|c|, R = lcs/|r|, F = 2PR/(P + R).

Both ask for the same words: advice in other words scores low. Beside them belongs BERTScore-MiniLM.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hare.errors import InputError, SettingsError
from hare.metrics.checks import Array, check_pairs, check_texts

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

VARIANTS = ("rouge1", "rouge2", "rougeL", "rougeLsum")


@dataclass(frozen=True, eq=False)
class Overlap:
    """Of every candidate with its reference.

    precision   (n,) share of the candidate that the reference has
    recall      (n,) share of the reference that the candidate has
    f1          (n,) their harmonic mean, 0 where both are 0
    """

    precision: Array
    recall: Array
    f1: Array


def sentence_bleu(candidates: Sequence[str], references: Sequence[str]) -> Array:
    """BLEU of each candidate with its reference, (n,), 0 to 100; a blank candidate has 0.

    >>> sentence_bleu(["the cat sat", ""], ["the cat sat", "the cat sat"]).round(1).tolist()
    [100.0, 0.0]
    """
    pairs = zip(*check_pairs(candidates, references), strict=True)
    bleu = bleu_metric()
    scores = [bleu.sentence_score(candidate, [reference]).score for candidate, reference in pairs]
    return np.minimum(scores, 100.0)  # exp(log 100) is a little more


def corpus_bleu(candidates: Sequence[str], references: Sequence[str]) -> float:
    """BLEU of all candidates as one corpus, 0 to 100: counts are added up before the precisions.

    >>> round(corpus_bleu(["a b c d e", "f g"], ["a b c d e", "x y"]), 1)
    86.9
    """
    first, second = check_pairs(candidates, references)
    return min(_corpus_metric().corpus_score(first, [second]).score, 100.0)


def bleu_signature() -> str:
    """How sentences are scored, in sacrebleu's words: tokenizer, smoothing, version."""
    metric = bleu_metric()
    metric.sentence_score("a", ["a"])  # the signature is complete after a score
    return str(metric.get_signature())


def rouge(candidates: Sequence[str], references: Sequence[str], variant: str = "rougeL") -> Overlap:
    """ROUGE of each candidate with its reference, 0 to 1; a blank candidate has 0.

    variant   "rougeL" over the whole text, "rougeLsum" line by line, "rouge1", "rouge2"

    Words are runs of a-z and 0-9 in lower case, without stemming. InputError for a reference
    that has no such word.

    >>> rouge(["the cat sat"], ["the cat has sat down"]).recall.tolist()
    [0.6]
    """
    if variant not in VARIANTS:
        raise SettingsError("variant", variant, f"must be one of {', '.join(VARIANTS)}")
    first, second = check_pairs(candidates, references)
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenize import tokenize

    for k, reference in enumerate(second):
        if not tokenize(reference, None):
            raise InputError(
                f"references[{k}]: has no word of a-z and 0-9, and ROUGE reads no other"
            )
    scorer = RougeScorer([variant], use_stemmer=False)
    scores = [
        scorer.score(reference, candidate)[variant]
        for candidate, reference in zip(first, second, strict=True)
    ]
    columns = np.asarray(scores, dtype=np.float64).T
    return Overlap(*columns)


def format_validity(texts: Sequence[str], is_valid: Callable[[str], bool]) -> float:
    """Share of texts, 0 to 1, that `is_valid` accepts, e.g. `hare.data.skills.is_well_formed`.

    A blank text is asked about like any other.

    >>> format_validity(["# A", "B"], lambda text: text.startswith("# "))
    0.5
    """
    verdicts = [bool(is_valid(text)) for text in check_texts("texts", texts, blank=True)]
    return sum(verdicts) / len(verdicts)


@lru_cache(maxsize=1)
def bleu_metric() -> BLEU:
    """Sentence BLEU as used everywhere here: 13a tokens, case kept, effective order."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(effective_order=True)


@lru_cache(maxsize=1)
def _corpus_metric() -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU()
