"""Characters that a reader cannot see but a machine reads.

Zero-width and bidirectional marks, tag characters, control characters and lone surrogates can
carry orders past a human eye, split a word past a filter, or show a name other than it is (Boucher
and Anderson, 2023, "Trojan Source"). Where they do honest work they are let pass: joiners and
variation selectors in emoji, the flags of Wales, Scotland and England, joiners in scripts that
need them, direction marks next to letters of a right-to-left script, and a leading byte order mark.
"""

from __future__ import annotations

import re
import unicodedata

_CANDIDATE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e01ef]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{2,6}\U000e007f")
_JOINERS = "\u200c\u200d"
_DIRECTION_MARKS = "\u200e\u200f\u061c"
_VARIATION = "\ufe0e\ufe0f"
# Scripts in which joiners part or join letters: Arabic and its kin, Indic, Khmer, Mongolian.
_JOINING = re.compile(
    "[\u0600-\u07bf\u0860-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af]"
)


def hidden_characters(text: str) -> list[tuple[int, str]]:
    """The (position, name) of every hidden character that does no honest work.

    >>> hidden_characters("pass\\u200bword")
    [(4, 'ZERO WIDTH SPACE')]
    """
    flags = {k for match in _FLAG.finditer(text) for k in range(*match.span())}
    return [
        (k, name_of(text[k]))
        for k in (match.start() for match in _CANDIDATE.finditer(text))
        if k not in flags and not _is_honest(text, k)
    ]


def name_of(character: str) -> str:
    """The Unicode name of a character, or its code point where it has none."""
    return unicodedata.name(character, f"U+{ord(character):04X}")


def visible(text: str) -> str:
    """The text with what cannot be seen written as escapes, on one line.

    >>> visible("a\\u200bb\\nc")
    'a\\\\u200bb c'
    """
    shown = _CANDIDATE.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), text)
    return " ".join(shown.split())


def _is_honest(text: str, k: int) -> bool:
    character = text[k]
    before, after = text[k - 1 : k], text[k + 1 : k + 2]
    if character == "\ufeff":
        return k == 0
    if character in _VARIATION:
        return bool(before) and (before in "#*0123456789" or _is_symbol(before))
    if character == "\u200d" and _is_symbol(after):
        return _is_symbol(before) or before in _VARIATION
    if character in _JOINERS:
        return bool(_JOINING.match(before) and _JOINING.match(after))
    if character in _DIRECTION_MARKS:
        near = text[max(0, k - 12) : k + 13]
        return any(unicodedata.bidirectional(c) in ("R", "AL") for c in near if c != character)
    return False


def _is_symbol(character: str) -> bool:
    # So: pictures; Sk: skin tones; Sm, Po: arrows and marks that have a coloured form.
    return bool(character) and (
        unicodedata.category(character) in ("So", "Sk", "Sm") or character in "‼⁉〰〽©®ℹ"
    )
