"""Replay elsewhere: states stored with one processor's kernels, recomputed with another's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playing import changed_protocol

from study_app.replay import ACROSS_PLATFORMS
from tests.kernels.settings import environment, settings

ROOT = Path(__file__).parents[2]
OWN, *OTHERS = reversed(settings())  # the fastest writes
SYSTEMS = ("hare", "linucb", "random")
STATES = 3 + 2 * 4  # a first one of each arm, and one after every round of those that learn


def short_texts(content: dict[str, Any]) -> None:
    for arm, system in zip(content["arms"], SYSTEMS, strict=True):
        arm["system"] = system
    content["update"]["policy"] = "all_slots"  # every state learns from every text
    content["generation"].update(max_new_tokens=40, drafts=1, accept="well_formed")


def run(setting: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of study_app in a process of its own, with the kernels of a setting."""
    command = [sys.executable, "-m", "study_app", *words, "--quiet"]
    command += ["--database", f"sqlite:///{folder / 'study.sqlite'}"]
    where = environment(settings()[setting]) | {"HARE_DATA_DIR": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=where, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was played with the kernels of one setting."""
    folder = tmp_path_factory.mktemp("stored")
    protocol = changed_protocol(folder, short_texts)
    done = run(OWN, folder, "bots", "--protocol", str(protocol), "--participants", "1")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("setting", OTHERS)
def test_states_that_other_kernels_stored_replay_within_the_promised_distance(
    stored: Path, setting: str
) -> None:
    done = run(setting, stored, "replay", "--tolerance", str(ACROSS_PLATFORMS))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"1 participants, {STATES} states, equal (within|bit for bit)", done.stdout)


def test_states_replay_bit_for_bit_with_the_kernels_that_stored_them(stored: Path) -> None:
    done = run(OWN, stored, "replay")
    assert done.returncode == 0, done.stderr
    assert f"{STATES} states, equal bit for bit" in done.stdout
