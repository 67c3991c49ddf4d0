"""Opening a source: a folder, a single file, an archive, or the URL of a git repository."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

from hare.data.archives import Limits, is_archive, read_archive
from hare.data.records import Refusal, SourceFile, SourceTree
from hare.errors import InputError

SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".csv", ".json", ".yaml", ".yml"})
LICENCE_NAME = re.compile(
    r"(?:licen[cs]e|copying|unlicense)(?:[-_.](?:mit|apache|bsd|gpl|cc)[-\w.]*)?(?:\.(?:md|txt|rst))?",
    re.IGNORECASE,
)
SECONDS_TO_CLONE = 600

_URL = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_SKIPPED_FOLDERS = frozenset({".git", ".hg", "node_modules", ".venv", "__pycache__"})


def open_source(where: str, limits: Limits | None = None) -> SourceTree:
    """Read the files of a source that collectors know.

    where   a folder, a file, an archive (zip, tar, also compressed), or a git URL

    Raises InputError when it is none of these, cannot be reached, is damaged or goes beyond the
    limits as a whole. Single files that cannot be taken are listed in `refused`.
    """
    limits = limits or Limits()
    path = Path(where)
    if _URL.fullmatch(where):
        return _clone(where, limits)
    if path.is_dir():
        return _tree(where, _read_folder(path, limits))
    if path.is_file():
        found = read_archive(path, limits, is_wanted) if is_archive(path) else _one(path, limits)
        return _tree(where, found)
    raise InputError(f"from = {where!r}: must be a folder, a file, an archive or a git URL")


def is_wanted(path: PurePosixPath) -> bool:
    """Whether a file of this name can hold records or a licence."""
    return path.suffix.lower() in SUFFIXES or is_licence(path)


def is_licence(path: PurePosixPath) -> bool:
    """Whether a file of this name is a licence."""
    return LICENCE_NAME.fullmatch(path.name) is not None


def _tree(
    name: str, found: Iterator[SourceFile | Refusal | None], repository: str = "", commit: str = ""
) -> SourceTree:
    entries = list(found)
    files = sorted((e for e in entries if isinstance(e, SourceFile)), key=lambda f: f.path)
    return SourceTree(
        name,
        tuple(files),
        tuple(e for e in entries if isinstance(e, Refusal)),
        sum(e is None for e in entries),
        repository,
        commit,
    )


def _read_folder(root: Path, limits: Limits) -> Iterator[SourceFile | Refusal | None]:
    count = total = 0
    inside = root.resolve()
    for folder, folders, names in os.walk(root):
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        if len(relative.parts) >= limits.depth and folders:
            yield Refusal(str(relative), "too deep", f"more than {limits.depth} folders")
            folders.clear()
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = sorted(set(folders) - set(linked) - _SKIPPED_FOLDERS)
        for name in sorted(names) + linked:
            path, where = Path(folder, name), relative / name
            count += 1
            if count > limits.files:
                raise InputError(f"{root}: more than {limits.files} files")
            if path.is_symlink():
                # What lies inside is read at its own place.
                if not path.resolve().is_relative_to(inside):
                    yield Refusal(str(where), "link", "points outside the source")
            elif not is_wanted(where):
                yield None
            else:
                entry = _read(path, where, limits)
                if isinstance(entry, SourceFile):
                    total += len(entry.data)
                if total > limits.total_bytes:
                    raise InputError(f"{root}: more than {limits.total_bytes} bytes of text")
                yield entry


def _one(path: Path, limits: Limits) -> Iterator[SourceFile | Refusal | None]:
    yield _read(path, PurePosixPath(path.name), limits)


def _read(path: Path, where: PurePosixPath, limits: Limits) -> SourceFile | Refusal:
    try:
        if not path.is_file():
            return Refusal(str(where), "unreadable", "no regular file")
        with path.open("rb") as stream:
            data = stream.read(limits.file_bytes + 1)
    except OSError as error:
        return Refusal(str(where), "unreadable", error.strerror or type(error).__name__)
    if len(data) > limits.file_bytes:
        return Refusal(str(where), "oversize", f"more than {limits.file_bytes} bytes")
    return SourceFile(where, data)


def _clone(url: str, limits: Limits) -> SourceTree:
    name = _without_credentials(url)
    # No prompts, no hooks, no links, no large files: the text is all we want.
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    options = ["-c", "core.symlinks=false", "-c", "core.hooksPath=/dev/null"]
    with tempfile.TemporaryDirectory(prefix="hare-collect-") as folder:
        root = Path(folder, "clone")
        command = ["git", *options, "clone", "--quiet", "--depth", "1", "--single-branch"]
        _git([*command, "--no-tags", "--", url, str(root)], url, environment)
        commit = _git(["git", "-C", str(root), "rev-parse", "HEAD"], url, environment)
        return _tree(name, _read_folder(root, limits), name, commit)


def _git(command: list[str], url: str, environment: dict[str, str]) -> str:
    name = _without_credentials(url)
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS_TO_CLONE,
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError(f"from = {name!r}: git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"from = {name!r}: not cloned within {SECONDS_TO_CLONE} seconds"
        ) from error
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        said = said.replace(url, name)
        raise InputError(f"from = {name!r}: could not be cloned ({said})")
    return done.stdout.strip()


def _without_credentials(url: str) -> str:
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
