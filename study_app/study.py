"""One opened study: its settings, protocol, database, arms and generator.

The web app opens it once a process; the commands open it once a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hare.arms import Arm, Decoding, ResourceSettings, build_arms, known_arms
from hare.errors import UnknownArmError
from study_app.generation import Generator
from study_app.settings import Installation, Settings, load_installation
from study_app.storage import protocols, schema
from study_app.storage.engine import Engine, make_engine, reading
from study_design import Protocol, load_protocol


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
    protocol = load_protocol(settings.protocol)
    check_systems(protocol)
    engine = make_engine(settings.database_url)
    try:
        schema.check_schema(engine)
        with reading(engine) as session:
            protocols.check_unchanged(session, protocol)
        installation = load_installation(settings)
        arms = arms_of(protocol)
    except BaseException:
        engine.dispose()
        raise
    return Study(settings, installation, protocol, engine, arms, Generator(arms))


def check_systems(protocol: Protocol) -> None:
    """UnknownArmError when the protocol names a system that the registry does not know."""
    for system in protocol.systems.values():
        if system not in known_arms():
            raise UnknownArmError(system, known_arms())


def arms_of(protocol: Protocol) -> dict[str, Arm]:
    """The systems under study by label, with the protocol's model and decoding settings."""
    given = protocol.generation
    decoding = Decoding(
        temperature=given.temperature,
        top_p=given.top_p,
        max_new_tokens=given.max_new_tokens,
        drafts=given.drafts,
        accept=given.accept,
        structure=given.structure,
    )
    settings = ResourceSettings(model=given.model, encoder=given.encoder, decoding=decoding)
    return build_arms(protocol.systems, settings)
