"""Is a collected text fit to keep? Every objection with its reason and the words it rests on.

`_validate_skill` of the research plan (section 4.1), as a function over texts. A text that speaks
of attacks, keys or jailbreaks is not an attack: see `injection` and `credentials`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hare.data.credentials import credentials
from hare.data.hidden_characters import hidden_characters, visible
from hare.data.injection import injected_orders
from hare.data.language import foreign_language
from hare.data.records import Record
from hare.errors import SettingsError

# In the order in which they are looked for and named.
REASONS = ("oversize", "empty", "hidden_characters", "secret", "injection", "language")
_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
AROUND = 60  # characters of context on each side of an excerpt


@dataclass(frozen=True, slots=True)
class ValidationSettings:
    """What a text may be.

    longest          characters, front matter included
    fewest_words     of the advice itself
    """

    longest: int = 32_768
    fewest_words: int = 8

    def __post_init__(self) -> None:
        for name in ("longest", "fewest_words"):
            if getattr(self, name) < 1:
                raise SettingsError(name, getattr(self, name), "must be at least 1")


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a text is not kept: one of REASONS, what was found, and where, made visible."""

    reason: str
    detail: str
    excerpt: str


def validate(record: Record, settings: ValidationSettings | None = None) -> tuple[Objection, ...]:
    """The objections to a record, in the order of REASONS; none when it is fit to keep.

    The whole published text is screened, and the advice itself for being empty.
    """
    return validate_text(record.raw or record.body, record.body, settings)


def validate_text(
    text: str, advice: str | None = None, settings: ValidationSettings | None = None
) -> tuple[Objection, ...]:
    """The objections to a text. `advice` is its part that must say something: by default, all.

    A text that is too long is not looked at any further.
    """
    settings = settings or ValidationSettings()
    advice = text if advice is None else advice
    if len(text) > settings.longest:
        detail = f"{len(text):,} characters, at most {settings.longest:,}"
        return (Objection("oversize", detail, visible(text[: 2 * AROUND])),)
    objections: list[Objection] = []
    # Scripts without blanks: two signs count as a word.
    words = len(re.findall(r"\w*[^\W\d_]\w*", advice)) + len(_SIGN.findall(advice)) // 2
    if words < settings.fewest_words:
        detail = f"{words} words of advice, at least {settings.fewest_words}"
        objections.append(Objection("empty", detail, visible(text[: 2 * AROUND])))
    if hidden := hidden_characters(text):
        at, name = hidden[0]
        detail = name if len(hidden) == 1 else f"{name} and {len(hidden) - 1} more"
        objections.append(Objection("hidden_characters", detail, _excerpt(text, at, at + 1)))
    for start, end, kind in credentials(text):
        shown = f"{text[start : start + 4]}… ({end - start} characters)"
        objections.append(Objection("secret", kind, visible(shown)))
        break
    for order in injected_orders(text):
        objections.append(
            Objection("injection", order.what, _excerpt(text, order.start, order.end))
        )
        break
    if language := foreign_language(advice):
        objections.append(Objection("language", language, visible(advice[: 2 * AROUND])))
    return tuple(objections)


def _excerpt(text: str, start: int, end: int) -> str:
    before, after = max(0, start - AROUND), min(len(text), min(end, start + 200) + AROUND)
    return visible(text[before:after])
