"""How unlike one another the texts of one set are.

Self-BLEU (Zhu et al. 2018, Texygen): the mean BLEU of each text with all the others as references;
lower is more diverse. distinct-n (Li et al. 2016): different n-grams over all n-grams; it falls
with the amount of text, so only sets of about the same number of tokens compare. Intra-list
diversity (Smyth and McClave 2001; Ziegler et al. 2005): the mean cosine distance of the pairs,

    ILD = 2 / (n(n − 1)) Σ_{i<j} (1 − cos(v_i, v_j)).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from numpy.typing import ArrayLike

from hare.errors import InputError
from hare.metrics.checks import check_count, check_texts, unit_rows
from hare.metrics.text import bleu_metric

_ORDER = 4  # BLEU's longest n-gram
_TOKEN = re.compile(r"\w+|[^\w\s]")

Gram = tuple[str, ...]


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU of each text with the others as references, 0 to 100; at least 2 texts.

    As sacrebleu's sentence BLEU of `hare.metrics.text`. Time grows with the number of words, not
    with the number of pairs. A blank text would pass for diversity and is refused: leave it out,
    and say how many there were.

    >>> round(self_bleu(["plan the work", "plan the work", "water the roses"]), 1)
    75.8
    """
    listed = check_texts("texts", texts, least=2)
    metric = bleu_metric()
    tokens = [metric.tokenizer(text.rstrip()).split() for text in listed]
    counts = [Counter(_all_grams(words)) for words in tokens]
    top = _two_largest(counts)
    lengths = sorted(len(words) for words in tokens)
    scores = []
    for k, (words, own) in enumerate(zip(tokens, counts, strict=True)):
        correct, total = [0] * _ORDER, [0] * _ORDER
        for gram, count in own.items():
            first, owner, second = top[gram]
            total[len(gram) - 1] += count
            correct[len(gram) - 1] += min(count, second if owner == k else first)
        score = metric.compute_bleu(
            correct,
            total,
            sys_len=len(words),
            ref_len=_closest(len(words), lengths),
            smooth_method="exp",
            effective_order=True,
        )
        scores.append(min(score.score, 100.0))
    return sum(scores) / len(scores)


def distinct_n(texts: Sequence[str], n: int = 2) -> float:
    """Different n-grams over all n-grams of the texts, above 0 to 1.

    Tokens are words and marks in lower case; an n-gram does not run across texts, and a text
    shorter than n has none. InputError when no text has any.

    >>> distinct_n(["plan the work", "Plan the day"], n=2)
    0.75
    """
    check_count("n", n, 1)
    listed = check_texts("texts", texts, blank=True)
    grams = Counter(gram for text in listed for gram in _grams(_TOKEN.findall(text.lower()), n))
    if not grams:
        raise InputError(f"texts: none has {n} tokens, so there is no n-gram to count")
    return len(grams) / grams.total()


def intra_list_diversity(vectors: ArrayLike) -> float:
    """Mean cosine distance of all pairs of a list's vectors (n, d), n >= 2; 0 to n/(n − 1).

    >>> intra_list_diversity([[1.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    0.6666666666666667
    """
    units = unit_rows("vectors", vectors, least=2)
    n = len(units)
    # Σ_{i≠j} cos = |Σ v|² − n: no matrix of pairs is needed.
    total = float((units.sum(axis=0) ** 2).sum())
    return min(max(1 - (total - n) / (n * (n - 1)), 0.0), n / (n - 1))


def _all_grams(words: Sequence[str]) -> Iterable[Gram]:
    for n in range(1, _ORDER + 1):
        yield from _grams(words, n)


def _grams(words: Sequence[str], n: int) -> Iterable[Gram]:
    return zip(*(words[k:] for k in range(n)), strict=False)


def _two_largest(counts: Sequence[Counter[Gram]]) -> dict[Gram, tuple[int, int, int]]:
    """Each n-gram's largest count, the text that has it, and the largest count elsewhere."""
    top: dict[Gram, tuple[int, int, int]] = {}
    for k, own in enumerate(counts):
        for gram, count in own.items():
            first, owner, second = top.get(gram, (0, -1, 0))
            if count > first:
                top[gram] = (count, k, first)
            elif count > second:
                top[gram] = (first, owner, count)
    return top


def _closest(length: int, lengths: Sequence[int]) -> int:
    """The closest of the other sorted lengths, one of this length left out; ties to the shorter."""
    k = bisect_left(lengths, length)
    neighbours = [*lengths[max(k - 1, 0) : k], *lengths[k + 1 : k + 2]]
    return min(neighbours, key=lambda other: (abs(other - length), other))
