"""One writer of texts a process: requests of all participants, batched by arm, in one thread."""

from __future__ import annotations


class Generator:
    """Owns the language model."""

    def close(self) -> None:
        """Stop the thread."""
