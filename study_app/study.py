"""One opened study: its settings, protocol, database, arms and generator.

The web app opens it once a process; the commands open it once a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from hare.arms import Arm
from study_app.generation import Generator
from study_app.settings import Installation, Settings
from study_design import Protocol


@dataclass(frozen=True, slots=True)
class Study:
    """What every service needs. Safe to share between threads.

    settings       the deployment's configuration
    installation   its secrets: signing key, researcher's password
    protocol       the study's design
    engine         the database; services open a session of their own for each call
    arms           label in the protocol -> system under study
    generator      writes the texts, batched over participants
    """

    settings: Settings
    installation: Installation
    protocol: Protocol
    engine: Engine
    arms: Mapping[str, Arm]
    generator: Generator

    def close(self) -> None:
        """Stop the generator and let go of the database."""
        self.generator.close()
        self.engine.dispose()


def open_study(settings: Settings) -> Study:
    """Open the study that the settings name.

    Raises ProtocolError (malformed protocol), UnknownArmError (a system the registry does not
    know), DatabaseError (a schema that this program does not know; says how to mend it),
    ProtocolChangedError (the protocol was edited after the first participant), ModelFilesError.
    """
    raise NotImplementedError
