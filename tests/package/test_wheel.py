"""The wheel: everything that the packages keep beside their code is in it, and its commands run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("analysis", "hare", "study_app", "study_design")
_BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a copy, so that no leftovers of a build come into the checkout or out of it."""
    copy = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    done = subprocess.run(
        [sys.executable, "-c", _BUILD], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(copy / done.stdout.split()[-1])


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    kept = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert kept - set(wheel.namelist()) == set()


def test_the_wheel_holds_nothing_but_the_packages_and_its_own_description(
    wheel: zipfile.ZipFile,
) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops - set(PACKAGES) == {next(top for top in tops if top.endswith(".dist-info"))}


def test_the_licence_and_the_commands_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    described = {name.rpartition(".dist-info/")[2]: name for name in wheel.namelist()}
    assert wheel.read(described["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()
    lines = wheel.read(described["entry_points.txt"]).decode().splitlines()
    commands = dict(line.split(" = ") for line in lines if " = " in line)
    assert sorted(commands) == ["hare", "hare-analysis", "hare-design", "hare-study"]
    for target in commands.values():
        module, function = target.split(":")
        with pytest.raises(SystemExit) as left:
            getattr(import_module(module), function)(["--help"])
        assert left.value.code == 0


def test_the_pages_look_the_same_from_any_folder(
    wheel: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit reads the configuration beside its script, wherever it was started."""
    from streamlit import config

    wheel.extractall(tmp_path / "installed", [n for n in wheel.namelist() if "study_app/" in n])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    script = tmp_path / "installed" / "study_app" / "app.py"
    monkeypatch.setattr(config, "_main_script_path", str(script))
    ours = ROOT / "study_app" / ".streamlit" / "config.toml"
    read = [Path(file) for file in config.get_config_files("config.toml")]
    assert read[-1].read_bytes() == ours.read_bytes()
