"""Which records say what another one says already, word for word or nearly.

Exact: equal words, whatever the case, the marks and the blanks. Near: the sets of five-word runs
of two texts overlap with a Jaccard index (size of the intersection over size of the union; Broder,
1997) of at least `threshold`. The index is computed exactly from a sparse matrix of texts by runs,
not estimated by hashing, since thousands of texts take seconds. The first of two twins is kept.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hare.errors import SettingsError

RUN = 5  # words
_BLOCK = 512  # texts compared at a time: bounds the memory


@dataclass(frozen=True, slots=True)
class Twin:
    """A text that repeats an earlier one: the place of both, and how alike they are (1 = exact)."""

    index: int
    of: int
    likeness: float

    @property
    def exact(self) -> bool:
        return self.likeness == 1.0


def find_twins(texts: Sequence[str], threshold: float = 0.75) -> tuple[Twin, ...]:
    """The texts that repeat an earlier one that is kept, in order.

    threshold   least Jaccard index of the five-word runs of near twins, in (0, 1)

    >>> find_twins(["Sing a song.", "sing, a song", "Dance."])
    (Twin(index=1, of=0, likeness=1.0),)
    """
    if not 0 < threshold < 1:
        raise SettingsError("threshold", threshold, "must lie between 0 and 1")
    words = [_words(text) for text in texts]
    twins: dict[int, Twin] = {}
    first: dict[bytes, int] = {}
    for k, text in enumerate(words):
        key = hashlib.sha256(" ".join(text).encode("utf-8", "surrogatepass")).digest()
        if (seen := first.setdefault(key, k)) != k:
            twins[k] = Twin(k, seen, 1.0)
    unique = [k for k in range(len(texts)) if k not in twins]
    runs = _runs([words[k] for k in unique])
    sizes = np.asarray(runs.sum(axis=1)).ravel()
    for start in range(0, len(unique), _BLOCK):
        shared = sparse.csr_array(runs[start : start + _BLOCK] @ runs.T)
        for row in range(len(shared.indptr) - 1):
            here = start + row
            columns = shared.indices[shared.indptr[row] : shared.indptr[row + 1]]
            common = shared.data[shared.indptr[row] : shared.indptr[row + 1]]
            likeness = common / (sizes[here] + sizes[columns] - common)
            # Runs of equal words in another order can be equal sets: near, not exact.
            near = [
                (float(min(value, 1 - 1e-9)), int(column))
                for value, column in zip(likeness, columns, strict=True)
                if column < here and value >= threshold and unique[column] not in twins
            ]
            if near:
                value, column = max(near, key=lambda pair: (pair[0], -pair[1]))
                twins[unique[here]] = Twin(unique[here], unique[column], value)
    return tuple(twins[k] for k in sorted(twins))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def _runs(texts: Sequence[Sequence[str]]) -> sparse.csr_array:
    """(n, number of runs) 1 where a text holds a run. Texts shorter than a run are one run."""
    numbers: dict[str, int] = {}
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**63, RUN, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    keys: list[np.ndarray] = []
    for text in texts:
        ids = np.array([numbers.setdefault(word, len(numbers) + 1) for word in text], np.uint64)
        ids = np.pad(ids, (0, max(0, RUN - len(ids))))
        windows = np.lib.stride_tricks.sliding_window_view(ids, RUN)
        # A 64-bit key of a run; two runs among millions collide with a chance of about one in
        # a million.
        keys.append(np.unique(_mix(windows) @ factors))
    counts = np.array([len(k) for k in keys], np.int64)
    if not keys:
        return sparse.csr_array((0, 0), dtype=np.int64)
    distinct, columns = np.unique(np.concatenate(keys), return_inverse=True)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    data = np.ones(len(columns), np.int32)
    return sparse.csr_array((data, columns, pointers), shape=(len(texts), len(distinct)))


def _mix(ids: np.ndarray) -> np.ndarray:
    # Small consecutive numbers would give keys with structure; spread their bits first.
    mixed = ids * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(27))
