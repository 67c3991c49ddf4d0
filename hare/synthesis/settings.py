"""Settings that all generating arms of a study share. Light to import: no torch here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hare.errors import SettingsError

ACCEPT = ("sound", "well_formed")
STRUCTURE = ("free", "forced")


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding settings, one set for all arms of a study.

    accept   which draft is taken: the first that is "sound", which the grammar checker says of
             texts in the words of our corpus, or the first that is "well_formed". Neither looks at
             the user. Where no draft is accepted, the first that is well formed serves, and the
             text's record says so
    """

    temperature: float = 0.7  # > 0; lower is safer
    top_p: float = 0.9  # mass of the nucleus, in (0, 1]
    max_new_tokens: int = 280  # budget of one text, >= 1
    drafts: int = 6  # at most so many are written, >= 1
    accept: str = "sound"  # one of ACCEPT
    structure: str = "free"  # one of STRUCTURE; "forced" gives the headings to every text

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise SettingsError("temperature", self.temperature, "must be > 0 and finite")
        if not 0 < self.top_p <= 1:
            raise SettingsError("top_p", self.top_p, "must be in (0, 1]")
        if self.max_new_tokens < 1:
            raise SettingsError("max_new_tokens", self.max_new_tokens, "must be >= 1")
        if self.drafts < 1:
            raise SettingsError("drafts", self.drafts, "must be >= 1")
        for name, known in (("accept", ACCEPT), ("structure", STRUCTURE)):
            if getattr(self, name) not in known:
                raise SettingsError(name, getattr(self, name), f"must be one of {', '.join(known)}")


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """What the arms of a study share.

    model         "embedded", a directory that `python -m hare train` wrote, or a causal language
                  model of transformers by hub id or directory (for the arms without a user)
    encoder       "" or the name of the one that the model was trained with; another is refused
    alpha         strength of exploration in logit units; None for the model's own
    exploration   how the attention explores (`hare.attention.exploration`)
    """

    model: str = "embedded"
    encoder: str = ""
    decoding: Decoding = field(default_factory=Decoding)
    alpha: float | None = None
    exploration: str = "cubature"

    def __post_init__(self) -> None:
        if self.alpha is not None and not 0 <= self.alpha < math.inf:
            raise SettingsError("alpha", self.alpha, "must be >= 0 and finite")
