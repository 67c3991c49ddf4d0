"""From bytes to text, and from text to front matter and body, leniently and without surprises.

Front matter is read as plain strings, lists and mappings: no types, no aliases (so no document
that unfolds to a million nodes), bounded in size and depth. What does not parse is read line by
line as `key: value`, and said so in a note.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from hare.errors import InputError

LONGEST_FRONT_MATTER = 16_384  # characters
DEEPEST_YAML = 12

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_FRONT = re.compile(r"---[ \t]*\n(?P<front>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.M)
_PAIR = re.compile(r"(?P<key>[A-Za-z][\w -]{0,40}?)[ \t]*:[ \t]*(?P<value>.*)")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A markdown text: its front matter, its body, and what had to be mended to read it."""

    front: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""
    notes: tuple[str, ...] = ()

    def text(self, *keys: str) -> str:
        """The first of these keys that holds a string, stripped; "" when none does."""
        for key in keys:
            value = self.front.get(key)
            if isinstance(value, str) and value.strip():
                return value.strip()
        return ""


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    r"""The text of a file, line ends as \n, and notes on its encoding.

    UTF-8 unless a byte order mark says otherwise; what is no UTF-8 is read as Windows-1252 and
    noted. Raises InputError for bytes that are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError as error:
                raise InputError(f"says {encoding} and is not") from error
            notes = () if encoding == "utf-8-sig" else (f"read as {encoding}",)
            return _lines(text), notes
    if b"\0" in data:
        raise InputError("holds NUL bytes: no text")
    try:
        return _lines(data.decode("utf-8")), ()
    except UnicodeDecodeError:
        pass
    try:
        return _lines(data.decode("cp1252")), ("no UTF-8: read as Windows-1252",)
    except UnicodeDecodeError as error:
        raise InputError("neither UTF-8 nor Windows-1252") from error


def read_page(text: str) -> Page:
    """Part a markdown text into front matter and body; never raises."""
    match = _FRONT.match(text)
    if match is None:
        unclosed = text.startswith("---\n") and _PAIR.match(text, 4)
        return Page({}, text, ("front matter has no end",) if unclosed else ())
    raw, body = match["front"], text[match.end() :]
    try:
        front = read_yaml(raw, LONGEST_FRONT_MATTER)
        if isinstance(front, dict):
            return Page(front, body)
        problem = "no mapping"
    except InputError as error:
        problem = str(error)
    return Page(_by_line(raw), body, (f"front matter read line by line: {problem}",))


def read_yaml(text: str, longest: int) -> Any:
    """YAML as strings, lists and mappings.

    Raises InputError when it is longer than `longest` characters, nested deeper than
    DEEPEST_YAML, uses aliases, or does not parse.
    """
    if len(text) > longest:
        raise InputError(f"YAML of more than {longest} characters")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise InputError("YAML with aliases")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DEEPEST_YAML:
                raise InputError(f"YAML nested deeper than {DEEPEST_YAML}")
        return yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        problem = getattr(error, "problem", None) or type(error).__name__
        raise InputError(f"YAML does not parse ({problem})") from error


def _by_line(raw: str) -> dict[str, str]:
    front: dict[str, str] = {}
    last = ""
    for line in raw[:LONGEST_FRONT_MATTER].split("\n"):
        pair = _PAIR.fullmatch(line)
        if pair:
            last = pair["key"].strip()
            value = pair["value"].strip()
            front.setdefault(last, "" if value in ("|", ">", "|-", ">-") else value.strip("'\""))
        elif last and line[:1] in (" ", "\t") and line.strip():
            front[last] = f"{front[last]} {line.strip()}".strip()
    return front


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
