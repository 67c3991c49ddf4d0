"""Whole studies in which there is nothing to find, from enrolment to the confirmatory analysis.

One system under several labels: each study has a database of its own, simulated participants who
go through the services that the screens use, the export that researchers get, and the analysis that
reads it. Whatever that analysis then finds is a false positive of the whole pipeline.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from analysis.confirmatory import FamilyResult, confirm
from analysis.data.exports import read_export
from analysis.data.study import collect
from analysis.evidence.null_tally import NullTally
from study_app import bots, exporting
from study_app.errors import BotsError
from study_app.settings import load_settings
from study_app.storage import schema
from study_app.storage.engine import make_engine
from study_app.study import open_study
from study_design import NULL, Protocol, load_protocol

SAVED_EVERY = 20  # studies; what is measured so far is then in the file


@dataclass(frozen=True, slots=True)
class NullStudies:
    """What is run: `studies` of `participants` each, with the rounds of the protocol.

    seed      of the first study; the others have the following ones
    protocol  arms that share one system; BotsError for others, whose findings need not be false
    """

    studies: int
    participants: int
    seed: int = 1
    protocol: Path = NULL

    def __post_init__(self) -> None:
        if self.studies < 1:
            raise BotsError(f"--studies {self.studies}: must be at least 1")

    def planned(self) -> Protocol:
        """The protocol with this number of participants."""
        protocol = load_protocol(self.protocol)
        systems = set(protocol.systems.values())
        if len(systems) > 1:
            raise BotsError(
                f"{self.protocol}: the arms are the systems {', '.join(sorted(systems))}. A study "
                "of nothing has one system under every label."
            )
        return protocol.model_copy(update={"participants": self.participants})


def run_null_studies(plan: NullStudies, file: Path, *, progress: bool = False) -> dict[str, Any]:
    """Run the studies, one after the other; gives what is in `file` afterwards.

    The file is written anew, whole, after every few studies, so a run that is stopped leaves the
    rates of the studies that were complete.
    """
    protocol = plan.planned()
    tally = NullTally(protocol.analysis.alpha)
    analysed = 0
    start = time.perf_counter()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "protocol.yaml").write_text(protocol.to_yaml(), encoding="utf-8")
        _migrated(folder / "empty.sqlite")
        for number in tqdm(range(1, plan.studies + 1), unit="study", disable=not progress):
            seed = plan.seed + number - 1
            found, people = _study(folder, plan.participants, seed)
            tally.add(found)
            analysed += people
            if number % SAVED_EVERY == 0 or number == plan.studies:
                seconds = time.perf_counter() - start
                content = _content(plan, protocol, tally, analysed / number, seconds)
                _save(file, content)
    return json.loads(file.read_text(encoding="utf-8"))


def _study(folder: Path, participants: int, seed: int) -> tuple[tuple[FamilyResult, ...], int]:
    """One study in a folder of its own, which is gone afterwards; also how many are analysed."""
    own = folder / f"study_{seed}"
    own.mkdir()
    try:
        shutil.copy(folder / "empty.sqlite", own / "study.sqlite")
        settings = load_settings(
            database_url=f"sqlite:///{own / 'study.sqlite'}",
            protocol=folder / "protocol.yaml",
            data_dir=own,
        )
        study = open_study(settings)
        try:
            bots.run_bots(study, bots.population(participants, seed), seed=seed)
            exporting.export(study, own / "export", simulated=True)
        finally:
            study.close()
        read = collect(read_export(own / "export"))
        return confirm(read), read.sample.n
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _migrated(file: Path) -> None:
    """An empty database of this program's schema, made once and copied for every study."""
    engine = make_engine(f"sqlite:///{file}")
    schema.migrate(engine)
    engine.dispose()  # the last connection takes SQLite's log into the file


def _content(
    plan: NullStudies, protocol: Protocol, tally: NullTally, analysed: float, seconds: float
) -> dict[str, Any]:
    system = next(iter(protocol.systems.values()))
    return {
        "command": f"python -m study_app null-studies --studies {plan.studies} "
        f"--participants {plan.participants} --seed {plan.seed}",
        "system": system,
        "labels": list(protocol.arm_names),
        "items": [item.id for item in protocol.items],
        "participants": plan.participants,
        "rounds": protocol.rounds,
        "alpha": tally.alpha,
        "mean_analysed": analysed,
        "seconds_a_study": round(seconds / tally.studies, 2),
        "database": "SQLite, a file a study, copied from one migrated empty database",
        "protocol_hash": protocol.hash,
        "scipy": version("scipy"),
        **tally.summary(),
    }


def _save(file: Path, content: dict[str, Any]) -> None:
    """Write the file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(file)
