"""`python -m hare demo`: one request, five users, in the terminal."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from hare.experiments.five_users_report import HEADINGS, OTHERS, spoken

WIDTH = 80  # columns, at most
BAR = 24  # columns of a bar of 100%
DOMAINS, LEAST = 3, 0.01  # so many are shown for each user, with at least this share
ITEMS = 2


@dataclass(frozen=True, slots=True)
class Ink:
    """How words are set off: with ANSI codes, or not at all.

    block   what bars are drawn with
    """

    coloured: bool
    block: str = "█"

    @classmethod
    def of(cls, stream: TextIO) -> Ink:
        """Codes for a terminal that wants them (https://no-color.org), blocks where it can."""
        coloured = (
            stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        )
        return cls(coloured, "█" if _can_write("█", stream) else "#")

    def bold(self, words: str) -> str:
        return self._set(words, "1")

    def dim(self, words: str) -> str:
        return self._set(words, "2")

    def blue(self, words: str) -> str:
        return self._set(words, "34")

    def _set(self, words: str, code: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self.coloured else words


def show(found: Mapping[str, Any], stream: TextIO) -> None:
    """Print what `measure_five_users` found, no wider than the terminal or 80 columns."""
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    encoding = stream.encoding or "utf-8"
    for line in lines(found, Ink.of(stream), width):
        print(line.encode(encoding, "replace").decode(encoding), file=stream)


def lines(found: Mapping[str, Any], ink: Ink, width: int = WIDTH) -> Iterator[str]:
    """The lines of the demonstration, codes aside no longer than `width` columns."""
    users = found["users"]
    title = f'One request, {len(users)} users: "{found["query"]}"'
    yield from (ink.bold(part) for part in textwrap.wrap(title, width))
    yield from _wrapped(about(found), width)
    yield from _wrapped(
        f"The users are simulated; HARE knows each by {len(users[0]['ratings'])} ratings alone. "
        "All texts have one seed.",
        width,
    )
    for user in users:
        yield from _heading(f"HARE for {spoken(user['domain'])}, {user['level']}", ink, width)
        yield from _attention(user, ink, width)
        yield ""
        yield from _text(user["shown"], ink, width)
    for name, shown in found["others"].items():
        what = {"rag": "with notes from the pool", "gpt2": "from the request alone"}[name]
        title = f"{OTHERS[name]} for everybody: the same model {what}"
        yield from _heading(title, ink, width)
        yield from _text(shown, ink, width)


def about(found: Mapping[str, Any]) -> str:
    """What wrote the texts, in one honest line."""
    if found["own_model"]:
        return f"Written by a small model of our own, not OpenAI's GPT-2 ({found['model']})."
    return f"Written by {found['model']}, fine-tuned from {found['base']}."


def _heading(words: str, ink: Ink, width: int) -> Iterator[str]:
    yield ""
    yield ink.bold(words[:width])
    yield ink.dim("-" * width)


def _attention(user: Mapping[str, Any], ink: Ink, width: int) -> Iterator[str]:
    ranked = sorted(user["by_domain"].items(), key=lambda pair: -pair[1])[:DOMAINS]
    shares = [(domain, share) for domain, share in ranked if share >= LEAST] or ranked[:1]
    for k, (domain, share) in enumerate(shares):
        bar = ink.blue(ink.block * max(1, round(min(BAR, width - 36) * share)))
        yield f"{'' if k else 'attends to':12s}{spoken(domain):18s}{share:4.0%} {bar}"
    for k, item in enumerate(user["top"][:ITEMS]):
        title = textwrap.shorten(item["title"], width - 12, placeholder="...")
        yield f"{'' if k else 'most of all':12s}{title}"
    yield f"{'uncertainty':12s}{user['uncertainty'][-1]:.0%} of the start"


def _text(shown: Mapping[str, Any], ink: Ink, width: int) -> Iterator[str]:
    for line in shown["text"].split("\n"):
        words = line.lstrip("#").strip()
        if not words:
            continue
        if line.startswith("# "):
            yield from (f"  {ink.bold(part)}" for part in textwrap.wrap(words, width - 2))
        elif words in HEADINGS:
            yield f"  {ink.dim(words)}"
        else:
            yield from _wrapped(words, width, "  ")
    for note in shown["notes"]:
        yield ink.dim(f"  ({note})")


def _wrapped(words: str, width: int, before: str = "") -> list[str]:
    hanging = before + ("   " if words[:1].isdigit() else "")
    return textwrap.wrap(words, width, initial_indent=before, subsequent_indent=hanging)


def _can_write(sign: str, stream: TextIO) -> bool:
    try:
        sign.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
