"""SHA-256 of the files of an export, which the manifest lists."""

from __future__ import annotations

import hashlib
from pathlib import Path

CHANGED = "was changed after the export: its digest is not the manifest's"


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
