"""Opening a round: the participant's request and one stored text a slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from study_app.participants import Participant
from study_app.study import Study
from study_design import AttentionCheck


@dataclass(frozen=True, slots=True)
class SlotText:
    """What stands in one position on the screen."""

    slot: str
    text: str


@dataclass(frozen=True, slots=True)
class OpenRound:
    """A round as the participant sees it: no arm is named.

    round, of         e.g. 3 of 10
    request_text      the request that all texts answer
    slots             texts from left to right
    nonce             to be handed back with the ratings
    attention_check   an instruction item to be answered in this round, if any
    drafts            answers kept from before, empty for now
    """

    round: int
    of: int
    request_text: str
    slots: tuple[SlotText, ...]
    nonce: str
    attention_check: AttentionCheck | None = None
    drafts: Mapping[str, Any] = field(default_factory=dict)


def open(study: Study, participant: Participant) -> OpenRound:
    """The first round without stored ratings, with its texts stored before they are returned.

    Waits for the texts (see `ready`). Two tabs that open at once get the same texts.
    Raises WrongStep outside the rounds, GenerationFailed when even the fallback gave no text.
    """
    raise NotImplementedError


def last(study: Study, participant: Participant) -> OpenRound:
    """The last round again, for the closing question about its texts; WrongStep before."""
    raise NotImplementedError


def ready(study: Study, participant: Participant) -> bool:
    """Whether `open` would answer at once. False also asks for the texts in the background."""
    raise NotImplementedError
