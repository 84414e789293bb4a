"""Files that survive a power loss: complete or absent, private, and flushed in the right order."""

import errno
import os
from pathlib import Path

import pytest

from daemon.system import files
from daemon.system.files import sync, write_durably, write_new


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what is flushed and renamed, in order."""
    found: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def recording_fsync(handle: int) -> None:
        found.append(f"fsync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        fsync(handle)

    def recording_replace(source: Path, target: Path) -> Path:
        found.append(f"rename {source.name} {target.name}")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(Path, "replace", recording_replace)
    return found


def names(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


def full(_handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_content_is_flushed_before_the_rename_and_the_directory_after_it(tmp_path: Path, calls: list[str]) -> None:
    write_durably(tmp_path / "new", b"content", tmp_path / "draft")
    assert calls == ["fsync draft", "rename draft new", f"fsync {tmp_path.name}"]
    assert (tmp_path / "new").read_bytes() == b"content"


def test_a_file_is_replaced_whole_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "pointer"
    path.write_bytes(b"old and longer")
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["pointer"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pointer"
    path.write_bytes(b"old")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["pointer"]


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_durably(tmp_path / "taken", b"content")
    assert names(tmp_path) == ["taken"]


def test_a_new_file_never_overwrites_another(tmp_path: Path) -> None:
    write_new(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"


def test_files_and_directories_are_flushed_and_a_missing_one_is_an_error(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "file").touch()
    sync(tmp_path / "file")
    sync(tmp_path)
    assert calls == ["fsync file", f"fsync {tmp_path.name}"]
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "missing")
