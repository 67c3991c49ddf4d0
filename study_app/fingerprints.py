"""A fingerprint of the program, so that data can name the code that made it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from study_app.storage.canonical import sha256

PACKAGES = ("analysis", "hare", "study_app", "study_design")


@cache
def code_hash() -> str:
    """SHA-256 over the path and content of every Python file of the four packages."""
    root = Path(__file__).parents[1]
    files = sorted(
        path.relative_to(root).as_posix()
        for name in PACKAGES
        for path in (root / name).rglob("*.py")
    )
    return sha256("\n".join(f"{name} {sha256((root / name).read_bytes())}" for name in files))
