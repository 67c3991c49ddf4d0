"""The real application in a process of its own, for a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import playing

from study_app.study import Study

ROOT = Path(__file__).parents[3]
PASSWORD = "a password for the tests"
ARMS = ("azure", "copper", "ivory")  # names that no page says by chance
STARTS_WITHIN = 180.0  # seconds, on a machine that is busy with other work

# The application as `python -m streamlit run` starts it, with arms that take their time.
_SLOW = """
import sys, time
from hare.arms.fake import FakeArm
write = FakeArm.recommend
def slowly(self, requests):
    time.sleep({seconds})
    return write(self, requests)
FakeArm.recommend = slowly
from streamlit.web.cli import main
sys.argv = ["streamlit", *sys.argv[1:]]
main()
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running application.

    url      where it answers
    study    the same study, opened in this process: what is stored, and short cuts to a place
    log      the file with everything it printed
    """

    url: str
    study: Study
    log: Path

    def link(self, token: str) -> str:
        """A participant's address."""
        return f"{self.url}/?t={token}"


@contextmanager
def serve(
    folder: Path, *, seconds_a_text: float = 0.0, by_uvicorn: bool = False
) -> Iterator[Served]:
    """Serve the null study, its arms under other names, from a fresh database in the folder.

    by_uvicorn   as any server of ASGI applications would, and not by Streamlit's own command
    """
    protocol = playing.changed_protocol(folder, _with_other_names)
    study = playing.fresh_study(folder, protocol=protocol)
    served = Served(f"http://127.0.0.1:{_free_port()}", study, folder / "server.log")
    start = ["-c", _SLOW.format(seconds=seconds_a_text)] if seconds_a_text else ["-m", "streamlit"]
    port = served.url.rpartition(":")[2]
    command = [sys.executable, *start, "run", "study_app/app.py"]
    command += ["--server.address", "127.0.0.1", "--server.port", port]
    if by_uvicorn:
        command = [sys.executable, "-m", "uvicorn", "study_app.app:app", "--port", port]
    environment = os.environ | {
        "HARE_DATABASE_URL": study.settings.database_url,
        "HARE_PROTOCOL": str(protocol),
        "HARE_DATA_DIR": str(folder),
        "HARE_SECRET": study.installation.key,
        "HARE_RESEARCHER_PASSWORD": PASSWORD,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    with served.log.open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(served, process)
            yield served
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
            study.close()


def _with_other_names(protocol: dict[str, Any]) -> None:
    protocol["participants"] = 60
    names = dict(zip((arm["name"] for arm in protocol["arms"]), ARMS, strict=True))
    protocol["arms"] = [{"name": name, "system": "fake"} for name in ARMS]
    analysis = protocol["analysis"]
    for role in ("treatment", "comparator"):
        analysis["primary"][role] = names[analysis["primary"][role]]
    analysis["slopes"] = [[names[name] for name in pair] for pair in analysis["slopes"]]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(served: Served, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{served.url}/ready", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"the application did not start:\n{served.log.read_text()}")
