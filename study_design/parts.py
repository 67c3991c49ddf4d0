"""The parts of a protocol: small frozen models, each checked on its own.

What the analysis is to be is in `study_design.plan`, and rules that concern several parts at once
are in `study_design.rules`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Part(BaseModel):
    """A value of the protocol: cannot be changed, and knows no field beyond its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyInfo(Part):
    """Which study this is. A change to a study that has begun needs another version."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
    version: int = Field(ge=1)
    title: Text
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"


class ArmChoice(Part):
    """One arm: its label in this study and the system behind it. `hare` alone means both."""

    name: Name
    system: Name

    @model_validator(mode="before")
    @classmethod
    def _from_a_bare_name(cls, value: Any) -> Any:
        return {"name": value, "system": value} if isinstance(value, str) else value


class Scale(Part):
    """The whole numbers from `low` to `high`, ends included."""

    low: int = 1
    high: int = 5

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.high <= self.low:
            raise ValueError(f"high = {self.high} must be greater than low = {self.low}")
        return self

    @property
    def points(self) -> tuple[int, ...]:
        """Every value a rating may take, lowest first."""
        return tuple(range(self.low, self.high + 1))


class Item(Part):
    """A rating question, asked of every text. One written anchor for each point of the scale."""

    id: Name
    question: Text
    scale: Scale = Scale()
    anchors: tuple[Text, ...]

    @model_validator(mode="after")
    def _one_anchor_a_point(self) -> Self:
        points = len(self.scale.points)
        if len(self.anchors) != points:
            raise ValueError(
                f"anchors: {len(self.anchors)} given, the scale {self.scale.low}–{self.scale.high} "
                f"needs {points}, one a point"
            )
        return self


class Choice(Part):
    """The question which of the round's texts is best."""

    id: Name = "best"
    question: Text


class Comment(Part):
    """The optional comment at the end of a round; max_length in characters."""

    question: Text
    max_length: int = Field(default=1000, ge=1, le=10_000)


class RequestText(Part):
    """What participants ask for in one round. `work` names its kind for readers of the data."""

    id: Name
    text: Text
    work: Text


class Practice(Part):
    """A round to try the page with: fixed texts, one a slot. Its answers are not analysed."""

    request: Text
    texts: tuple[Text, ...]


class Question(Part):
    """A question about the participant (background) or the study (closing).

    kind     choice: one of `options`. scale: a number from 1 to len(anchors). text: free words.
             slot: one of the slots of the last round, whose texts are shown again.
    """

    id: Name
    question: Text
    kind: Literal["choice", "scale", "text", "slot"]
    options: tuple[Text, ...] = ()
    anchors: tuple[Text, ...] = ()
    required: bool = True
    max_length: int = Field(default=1000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _answers_fit_the_kind(self) -> Self:
        for field, kind in (("options", "choice"), ("anchors", "scale")):
            given = getattr(self, field)
            if self.kind == kind and len(given) < 2:
                raise ValueError(f"{field}: a question of kind {kind} needs at least two")
            if self.kind != kind and given:
                raise ValueError(f"{field}: only a question of kind {kind} has them")
            if len(set(given)) != len(given):
                raise ValueError(f"{field}: must differ from each other")
        return self


class EligibilityQuestion(Part):
    """A question that decides who may take part: an answer outside `eligible` ends the study."""

    id: Name
    question: Text
    options: Annotated[tuple[Text, ...], Field(min_length=2)]
    eligible: Annotated[tuple[Text, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _eligible_answers_are_options(self) -> Self:
        unknown = [answer for answer in self.eligible if answer not in self.options]
        if unknown:
            raise ValueError(f"eligible: {unknown} not among options {list(self.options)}")
        return self


class AttentionCheck(Part):
    """An explicit instruction item in one round ("please choose …")."""

    id: Name
    round: int = Field(ge=1)
    question: Text
    options: Annotated[tuple[Text, ...], Field(min_length=2)]
    correct: Text

    @model_validator(mode="after")
    def _correct_is_an_option(self) -> Self:
        if self.correct not in self.options:
            raise ValueError(f"correct: {self.correct!r} not among options {list(self.options)}")
        return self


class Update(Part):
    """Who learns from which ratings.

    own         an arm learns from the ratings of its own text
    all_slots   an arm learns from the ratings of every text of the round
    frozen      no arm learns

    The reward is the mean over `reward_items` of (rating - low) / (high - low), in [0, 1].
    """

    policy: Literal["own", "all_slots", "frozen"] = "own"
    reward_items: Annotated[tuple[Name, ...], Field(min_length=1)]


class Generation(Part):
    """How texts are written, the same for every arm.

    drafts      at most so many are written of a text
    accept      the draft that is shown: the first that the grammar checker finds `sound` (for
                models trained on the project's corpus), or the first that is `well_formed`. The
                rule never looks at the participant. Where no draft passes, the record says so
    structure   free: the model writes the headings; forced: every text is given them
    fallback    what happens when a text fails or is later than deadline_seconds: `other_seed`
                writes it again from another seed. It is recorded as a deviation in any case.
    """

    model: Text = "embedded"
    encoder: Text = "minilm"
    temperature: float = Field(default=0.7, gt=0, le=2)
    top_p: float = Field(default=0.9, gt=0, le=1)
    max_new_tokens: int = Field(default=280, ge=16, le=2048)
    drafts: int = Field(default=6, ge=1, le=16)
    accept: Literal["sound", "well_formed"] = "sound"
    structure: Literal["free", "forced"] = "free"
    deadline_seconds: float = Field(default=60, gt=0)
    fallback: Literal["other_seed"] = "other_seed"


class Blinding(Part):
    """What the scan before display checks.

    max_length_ratio   longest over shortest text of a round, in words, at most
    forbidden          regular expressions (case ignored) that would identify a system
    """

    max_length_ratio: float = Field(default=2.0, ge=1)
    forbidden: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        for pattern in self.forbidden:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"forbidden: {pattern!r} is no regular expression ({error})"
                ) from error
        return self


class Completion(Part):
    """Where participants go. A code of null is derived by the server, one a participant."""

    code: Text | None = None
    url: Url | None = None
    screened_out_url: Url | None = None
    returned_url: Url | None = None


class Exclusions(Part):
    """Whose data the confirmatory analysis leaves out.

    complete_rounds      fewer than all rounds committed
    attention_failures   this many attention checks failed, or more; null never excludes for it
    straight_lining      every rating of every round the same number
    """

    complete_rounds: bool = True
    attention_failures: int | None = Field(default=2, ge=1)
    straight_lining: bool = True


class Consent(Part):
    """The variable parts of the consent form; the fixed ones are in templates/consent.md.j2.

    approval     reference of the ethics board's decision, null while there is none
    data_kept    what is stored, one entry a line
    statements   what a participant agrees to, one entry a line
    """

    purpose: Text
    duration_minutes: int = Field(ge=1, le=480)
    payment: Text
    risks: Text
    data_kept: Annotated[tuple[Text, ...], Field(min_length=1)]
    retention: Text
    sharing: Text
    withdrawal: Text
    contact: Text
    approval: Text | None = None
    statements: Annotated[tuple[Text, ...], Field(min_length=1)]
