"""A second client in a process of its own: submits a round, or dies by SIGKILL on the way.

    python client.py FOLDER URL TOKEN ACTION

Prints "ready" when everything up to the action is done, waits for a line, acts, prints the result.
Actions: submit; die_before_commit; die_after_commit; die_while_writing (a text, not the database).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import playing

from hare.arms import fake
from study_app import participants, ratings, rounds, texts
from study_app.storage import events
from study_app.study import open_study


def die(*_: Any, **__: Any) -> NoReturn:
    """End this process as a power cut would: no clean-up runs."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def main(folder: str, url: str, token: str, action: str) -> None:
    study = open_study(playing.settings_for(Path(folder), url))
    participant = participants.resume(study, token)
    if action == "die_while_writing":
        fake.FakeArm.recommend = die
        print("ready", flush=True)
        sys.stdin.readline()
        rounds.open(study, participant)
    submission = playing.submission(study, rounds.open(study, participant))
    append = events.append
    if action == "die_before_commit":
        events.append = lambda *given: (append(*given), die())
    elif action == "die_after_commit":
        texts.prepare = die
    print("ready", flush=True)
    sys.stdin.readline()
    committed = ratings.submit(study, participant, submission)
    print("repeated" if committed.repeated else "first", flush=True)
    study.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
