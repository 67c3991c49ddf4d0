"""What can go wrong in study_app.

StudyError
├── ConfigurationError    settings that cannot work together, or an unusable file or folder
├── DatabaseError         the database is missing, of another version, or not a study's
├── ProtocolChangedError  the protocol is not the one that participants started with
├── TokenError            a participant's link that was altered, cut short, or belongs elsewhere
├── WrongSecret           the researcher's password is not the right one
├── StudyFull             as many participants as planned have completed or are taking part
├── WrongStep             an action that does not belong to where the participant is
├── InvalidAnswers        answers missing or not among the options (names each field)
│   └── InvalidSubmission the same for the ratings of a round
├── NotComplete           a completion code was asked for before everything was stored
├── GenerationFailed      a text could be written neither at first nor by the fallback
├── ExportError           the export folder cannot be written
└── BotsError             the simulated participants cannot run as asked
"""

from __future__ import annotations

from collections.abc import Mapping


class StudyError(Exception):
    """Base of every error that study_app raises on purpose; its text is meant for people."""


class ConfigurationError(StudyError):
    """Settings that cannot work together, or a file or folder that cannot be used."""


class DatabaseError(StudyError):
    """The database is missing, of another version, or not a study's."""


class ProtocolChangedError(StudyError):
    """The protocol file is not the one that the study's participants started with."""


class TokenError(StudyError):
    """A participant's link was altered, cut short, or belongs to another installation."""


class WrongSecret(StudyError):
    """The researcher's password is not the right one."""


class StudyFull(StudyError):
    """As many participants as planned have completed or are taking part."""


class WrongStep(StudyError):
    """An action that does not belong to where the participant is in the study."""


class InvalidAnswers(StudyError):
    """Answers that are missing or not among the options.

    problems   field -> what is wrong with it, e.g. {"age": "an answer is missing"}
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{field}: {what}" for field, what in self.problems.items()))


class InvalidSubmission(InvalidAnswers):
    """The ratings of a round are incomplete or out of range.

    Fields are named "A.relevance" (slot and item), "choice", "comment", "attention.<id>",
    "seconds".
    """


class NotComplete(StudyError):
    """A completion code was asked for before everything was stored."""


class GenerationFailed(StudyError):
    """A text could be written neither at first nor by the fallback; nothing was stored."""


class ExportError(StudyError):
    """The export folder cannot be written."""


class BotsError(StudyError):
    """The simulated participants cannot run as asked."""


class ReplayError(StudyError):
    """A replay was asked for in a way that compares nothing."""
