"""Reading zip and tar archives without writing anything to disk, within bounds.

Nothing is extracted: members are read into memory, so no name can reach outside a folder. A name
that tries to, a bomb, or an archive that is damaged refuses the whole archive.
"""

from __future__ import annotations

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from hare.data.records import Refusal, SourceFile
from hare.errors import InputError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # an encrypted member, or a compression that Python does not read
    struct.error,
    ValueError,  # a name that is no text
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a source may hold."""

    file_bytes: int = 16 * 2**20  # of one file; larger ones are left out by name
    total_bytes: int = 256 * 2**20  # of all files that are read, unpacked
    files: int = 100_000
    depth: int = 32  # folders inside one another


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    size: int
    is_file: bool
    is_folder: bool
    open: Callable[[], IO[bytes] | None]


def is_archive(path: Path) -> bool:
    """Whether the name is that of an archive."""
    return path.name.lower().endswith(SUFFIXES)


def read_archive(
    path: Path, limits: Limits, wanted: Callable[[PurePosixPath], bool]
) -> Iterator[SourceFile | Refusal | None]:
    """The wanted files of an archive; a Refusal for what is left out, None for what is not wanted.

    Raises InputError, naming the member, for a hostile or damaged archive.
    """
    read = 0
    unpacked = 0
    try:
        for count, member in enumerate(_members(path), start=1):
            if count > limits.files:
                raise InputError(f"{path.name}: more than {limits.files} members")
            # A tar is unpacked as far as it is skipped, so what it skips counts as well.
            unpacked += member.size
            if unpacked > 16 * limits.total_bytes:
                raise InputError(f"{path.name}: unpacks to more than is read from any source")
            if member.is_folder:
                continue
            name = _checked_name(path, member.name)
            if len(name.parts) > limits.depth:
                yield Refusal(str(name), "too deep", f"more than {limits.depth} folders")
            elif not member.is_file:
                yield Refusal(str(name), "link", "links and devices in an archive are not followed")
            elif not wanted(name):
                yield None
            else:
                stream = member.open()
                data = stream.read(limits.file_bytes + 1) if stream else b""
                read += len(data)
                if read > limits.total_bytes:
                    raise InputError(f"{path.name}: more than {limits.total_bytes} bytes of text")
                if len(data) > limits.file_bytes:
                    yield Refusal(str(name), "oversize", f"more than {limits.file_bytes} bytes")
                else:
                    yield SourceFile(name, data)
    except InputError:
        raise
    except _DAMAGED as error:
        raise InputError(f"{path.name}: not a readable archive ({error})") from error


def _members(path: Path) -> Iterator[_Member]:
    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                mode = info.external_attr >> 16
                regular = stat.S_IFMT(mode) in (0, stat.S_IFREG)
                yield _Member(
                    info.filename,
                    info.file_size,
                    regular and not info.is_dir(),
                    info.is_dir(),
                    lambda info=info: archive.open(info),
                )
    else:
        with tarfile.open(path, "r:*") as archive:
            for info in archive:
                yield _Member(
                    info.name,
                    info.size,
                    info.isreg(),
                    info.isdir(),
                    lambda info=info: archive.extractfile(info),
                )


def _checked_name(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    drive = bool(path.parts) and ":" in path.parts[0]
    if not path.parts or path.is_absolute() or ".." in path.parts or drive or "\0" in name:
        raise InputError(f"{archive.name}: the member {name!r} points outside the archive")
    return path
