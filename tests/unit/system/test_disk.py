"""Free disk space."""

import shutil
from pathlib import Path

import pytest

from daemon.system.disk import FreeSpace


def test_free_space_is_enough_above_the_floor_and_not_below(tmp_path: Path) -> None:
    assert FreeSpace(tmp_path, 0)()
    assert not FreeSpace(tmp_path, 1 << 62)()


def test_free_space_is_checked_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    usage = shutil.disk_usage(tmp_path)

    def usage_of(path: Path) -> object:
        asked.append(path)
        return usage

    monkeypatch.setattr("daemon.system.disk.shutil.disk_usage", usage_of)
    space = FreeSpace(tmp_path, 1)
    assert all(space() for _ in range(100))
    assert len(asked) == 1
    space._checked_at -= 1
    assert space()
    assert len(asked) == 2


def test_a_directory_that_vanished_has_no_space_however_often_it_is_asked(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    space = FreeSpace(directory, 0)
    assert space()
    directory.rmdir()
    space._checked_at -= 1
    assert [space() for _ in range(3)] == [False] * 3
    directory.mkdir()
    space._checked_at -= 1
    assert space()
