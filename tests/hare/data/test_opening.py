"""Opening folders, archives and git repositories: what is read, and what is refused by name."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hare.data.archives import Limits
from hare.data.opening import open_source
from hare.errors import InputError

FILES = {"a/SKILL.md": b"# A\n", "b/prompts.csv": b"act,prompt\n", "LICENSE": b"MIT"}


def folder(root: Path) -> Path:
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "picture.png").write_bytes(b"\x89PNG")
    return root


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # pyright: ignore[reportCallIssue, reportArgumentType]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda at: folder(at / "plain"),
        lambda at: make_zip(at / "x.zip", FILES | {"picture.png": b""}),
        lambda at: make_tar(at / "x.tar", FILES | {"picture.png": b""}, "w"),
        lambda at: make_tar(at / "x.tar.gz", FILES | {"picture.png": b""}),
        lambda at: make_tar(at / "x.TAR.XZ", FILES | {"picture.png": b""}, "w:xz"),
    ],
    ids=["folder", "zip", "tar", "tar.gz", "tar.xz"],
)
def test_a_folder_and_its_archives_hold_the_same_files(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    tree = open_source(str(make(tmp_path)))
    assert {str(file.path): file.data for file in tree.files} == FILES
    assert (tree.ignored, tree.refused) == (1, ())


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "prompts.csv").write_bytes(b"act,prompt\n")
    (file,) = open_source(str(tmp_path / "prompts.csv")).files
    assert str(file.path) == "prompts.csv"


def test_what_is_neither_folder_nor_archive_nor_url_is_refused() -> None:
    with pytest.raises(InputError, match=r"'nowhere': must be a folder, a file, an archive or a"):
        open_source("nowhere")


@pytest.mark.parametrize(
    "name", ["../out.md", "/etc/x.md", "a/../../x.md", "..\\x.md", "C:\\x.md", "C:/x.md"]
)
@pytest.mark.parametrize("make", [make_zip, make_tar], ids=["zip", "tar"])
def test_an_archive_with_a_name_that_points_outside_is_refused_whole(
    make: Callable[..., Path], name: str, tmp_path: Path
) -> None:
    path = make(tmp_path / ("x.zip" if make is make_zip else "x.tgz"), FILES | {name: b"x"})
    with pytest.raises(InputError, match="points outside the archive"):
        open_source(str(path))


def test_nothing_of_an_archive_is_written(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", FILES)
    open_source(str(path))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar", "tar.xz"])
def test_a_damaged_archive_is_refused_by_name(suffix: str, tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "w.zip", FILES) if suffix == "zip" else make_tar(
        tmp_path / "w.tar", FILES, {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz"}[suffix]
    )  # fmt: skip
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(whole.read_bytes()[:40])
    with pytest.raises(InputError, match=rf"x\.{suffix}: not a readable archive"):
        open_source(str(path))


def test_links_and_devices_in_an_archive_are_left_out_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("link.md", tarfile.SYMTYPE), ("hard.md", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    info = zipfile.ZipInfo("link.md")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert [r.path for r in open_source(str(path)).refused] == ["link.md", "hard.md"]
    (refusal,) = open_source(str(tmp_path / "x.zip")).refused
    assert (refusal.path, refusal.reason) == ("link.md", "link")


def test_a_bomb_is_stopped_at_the_bound_whatever_it_declares(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {f"{k}.md": bytes(100_000) for k in range(20)})
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="more than 500000 bytes of text"):
        open_source(str(path), Limits(total_bytes=500_000))
    with pytest.raises(InputError, match="unpacks to more"):
        open_source(
            str(make_tar(tmp_path / "x.tgz", {"x.bin": bytes(10**6)})), Limits(total_bytes=1000)
        )


@pytest.mark.parametrize("make", [make_zip, make_tar], ids=["zip", "tar"])
def test_a_file_beyond_the_bound_is_left_out_and_the_rest_is_read(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    path = make(
        tmp_path / ("x.zip" if make is make_zip else "x.tgz"), FILES | {"big.md": b"x" * 99}
    )
    tree = open_source(str(path), Limits(file_bytes=50))
    assert [(r.path, r.reason) for r in tree.refused] == [("big.md", "oversize")]
    assert len(tree.files) == 3


@pytest.mark.parametrize("make", [make_zip, make_tar], ids=["zip", "tar"])
def test_too_many_members_and_too_deep_ones_are_refused(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    path = make(
        tmp_path / ("x.zip" if make is make_zip else "x.tgz"), FILES | {"a/" * 9 + "x.md": b""}
    )
    assert [r.reason for r in open_source(str(path), Limits(depth=5)).refused] == ["too deep"]
    with pytest.raises(InputError, match="more than 2 members"):
        open_source(str(path), Limits(files=2))


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_read_once(tmp_path: Path) -> None:
    root = folder(tmp_path / "root")
    (tmp_path / "secret.md").write_text("outside")
    (root / "out.md").symlink_to(tmp_path / "secret.md")
    (root / "up").symlink_to(tmp_path, target_is_directory=True)
    (root / "in.md").symlink_to(root / "a" / "SKILL.md")
    (root / "loop").symlink_to(root, target_is_directory=True)
    tree = open_source(str(root))
    assert {str(file.path) for file in tree.files} == set(FILES)
    assert {(r.path, r.reason) for r in tree.refused} == {("out.md", "link"), ("up", "link")}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (refusal,) = open_source(str(tmp_path)).refused
    assert (refusal.path, refusal.detail) == ("pipe.md", "no regular file")


def test_deep_nesting_and_many_files_in_a_folder_are_bounded(tmp_path: Path) -> None:
    deep = tmp_path / "deep" / "/".join("abcdefgh")
    deep.mkdir(parents=True)
    (deep / "x.md").write_text("x")
    tree = open_source(str(tmp_path / "deep"), Limits(depth=4))
    assert [r.reason for r in tree.refused] == ["too deep"]
    with pytest.raises(InputError, match="more than 2 files"):
        open_source(str(folder(tmp_path / "many")), Limits(files=2))
    with pytest.raises(InputError, match="more than 10 bytes"):
        open_source(str(tmp_path / "many"), Limits(total_bytes=10))


def git(*arguments: str, at: Path) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    return subprocess.run(
        command, cwd=at, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_git_url_is_cloned_and_remembers_its_commit(tmp_path: Path) -> None:
    root = folder(tmp_path / "repository")
    (root / "link.md").symlink_to("/etc/passwd")
    git("init", "-q", at=root)
    git("add", "-A", at=root)
    git("commit", "-q", "-m", "Begin", at=root)
    url = root.as_uri()
    tree = open_source(url)
    assert tree.repository == url
    assert tree.commit == git("rev-parse", "HEAD", at=root)
    # Without links, git writes where the link points: text that is no skill.
    assert {str(file.path) for file in tree.files} == set(FILES) | {"link.md"}
    assert {file.data for file in tree.files if file.path.name == "link.md"} == {b"/etc/passwd"}


def test_a_git_url_that_cannot_be_reached_is_refused_without_its_password(tmp_path: Path) -> None:
    missing = f"file://user:hush@{tmp_path}/none"
    with pytest.raises(InputError, match="could not be cloned") as refused:
        open_source(missing)
    assert "hush" not in str(refused.value)


def test_a_missing_git_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git is not installed"):
        open_source("https://example.org/x.git")


def test_a_transport_that_runs_commands_is_no_url() -> None:
    with pytest.raises(InputError, match="must be a folder"):
        open_source("ext::sh -c true")
