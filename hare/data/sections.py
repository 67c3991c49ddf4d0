"""Parting a markdown text into when to use it, instructions and examples.

Headings inside fenced code are code. A section runs to the next heading of its rank or a higher
one. What belongs to no known section is instructions, so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_HEADING = re.compile(r"(?P<marks>#{1,4}) +(?P<text>.+?)[ #:]*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_WHEN = re.compile(
    r"\W*(?:when (?:not )?to (?:use|apply|activate|invoke)|use (?:this )?when)\b.*", re.IGNORECASE
)
_USE = re.compile(
    r"(?:also |always |proactively )?(?:use|invoke|apply|trigger|activate|reach for)\b.{0,60}?"
    r"\b(?:when|whenever|if|for|before|after|to)\b",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(r"\W*(?:usage )?examples?\b.{0,40}", re.IGNORECASE)
_INSTRUCTIONS = re.compile(r"\W*instructions?", re.IGNORECASE)


def headings(text: str) -> Iterator[tuple[int, int, str]]:
    """(line index, rank, text) of every heading outside fenced code."""
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    for k, line in enumerate(lines):
        if k not in fenced and (match := _HEADING.fullmatch(line)):
            yield k, len(match["marks"]), match["text"].strip()


def title_of(body: str) -> tuple[str, str]:
    """The heading of the first rank that opens a text, and the rest; "" and all when none does."""
    lines = body.split("\n")
    first = next((k for k, line in enumerate(lines) if line.strip()), None)
    if first is not None:
        match = _HEADING.fullmatch(lines[first])
        if match and match["marks"] == "#":
            return match["text"].strip(), "\n".join(lines[first + 1 :])
    return "", body


def first_paragraph(body: str) -> str:
    """The first paragraph that is prose: no heading, list, table, quote, code or markup."""
    paragraph: list[str] = []
    for line in unfenced(body.split("\n")):
        if not line.strip() or re.match(r"\s*(#|[-*+] |\d+[.)] |\||>|<|!\[|---|===)", line):
            if paragraph:
                break
        else:
            paragraph.append(line.strip())
    return " ".join(paragraph)


def part(body: str) -> tuple[str, str, str]:
    """Part a text into (when, instructions, examples), each stripped, "" when missing.

    >>> part("Do it well.\\n## When to use\\nAt night.\\n## Example\\nShe did.")
    ('At night.', 'Do it well.', 'She did.')
    """
    lines = body.split("\n")
    owner = [1] * len(lines)  # which of the three a line belongs to
    open_section: tuple[int, int] | None = None  # its rank, and which it is
    start = 0
    for k, rank, text in [*headings(body), (len(lines), 0, "")]:
        if open_section:
            owner[start:k] = [open_section[1]] * (k - start)
            if rank <= open_section[0]:
                open_section = None
        start = k
        which = 0 if _WHEN.fullmatch(text) else 2 if _EXAMPLES.fullmatch(text) else 1
        if open_section is None and which != 1:
            open_section = (rank, which)
            owner[k : k + 1] = [3]  # the heading itself says no more than its name
            start = k + 1
        elif open_section is None and _INSTRUCTIONS.fullmatch(text):
            owner[k : k + 1] = [3]
    texts = ["\n".join(x for x, o in zip(lines, owner, strict=True) if o == n) for n in range(3)]
    return texts[0].strip(), texts[1].strip(), texts[2].strip()


def split_when(description: str) -> tuple[str, str]:
    """Part a description into what it is and the sentences that say when to use it.

    >>> split_when("Reviews queries. Use when a page is slow. Knows indexes.")
    ('Reviews queries. Knows indexes.', 'Use when a page is slow.')
    """
    sentences = re.split(r"(?<=[.!?])\s+", description)
    when = [s for s in sentences if _USE.match(s)]
    rest = [s for s in sentences if not _USE.match(s)]
    return (" ".join(rest), " ".join(when)) if rest else (description, "")


def unfenced(lines: Sequence[str]) -> list[str]:
    """The lines outside fenced code blocks."""
    fenced = fenced_lines(lines)
    return [line for k, line in enumerate(lines) if k not in fenced]


def fenced_lines(lines: Sequence[str]) -> frozenset[int]:
    """The indices of the lines of fenced code blocks, fences included."""
    numbers: set[int] = set()
    fence = ""
    for k, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence or mark:
            numbers.add(k)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
    return frozenset(numbers)
