"""Old models are deleted; the one in use, the one before it and the newest ten stay."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from workers.learning.registry import MANIFEST, MODEL, Registry
from workers.learning.retention import DELETED, NEWEST, delete_old
from workers.triage.classifier import Model

MORE = 5


@pytest.fixture
def registry(tmp_path: Path, model: Model) -> Registry:
    """Return a registry with five models more than stay, the oldest first; none is in use."""
    kept = Registry(tmp_path / "models")
    for number in range(NEWEST + MORE):
        kept.save(replace(model, version=version(number)), corpus="", figures={})
        os.utime(kept.path(version(number)), (number, number))
    return kept


def version(number: int) -> str:
    return f"20250101-000000-{number:08x}"


def versions(*numbers: int) -> list[str]:
    return [version(number) for number in numbers]


def test_the_newest_stay(registry: Registry) -> None:
    registry.promote(version(NEWEST + MORE - 1))
    with capture_logs() as lines:
        delete_old(registry)
    assert registry.versions() == versions(*range(MORE, NEWEST + MORE))
    assert list(registry.directory.glob(f"{DELETED}*")) == []
    assert lines == [{"event": "old models deleted", "models": versions(*range(MORE)), "log_level": "info"}]


def test_the_model_in_use_and_the_one_before_it_stay_however_old(registry: Registry) -> None:
    registry.promote(version(0))
    registry.promote(version(2))
    delete_old(registry)
    assert registry.versions() == versions(0, 2, *range(MORE, NEWEST + MORE))
    assert registry.rollback() == version(0)


def test_a_second_time_nothing_is_deleted_or_logged(registry: Registry) -> None:
    registry.promote(version(NEWEST))
    delete_old(registry)
    with capture_logs() as lines:
        delete_old(registry)
    assert lines == []
    assert len(registry.versions()) == NEWEST


@pytest.mark.parametrize("content", [b"", b"../..", b"\xff"])
def test_nothing_is_deleted_while_the_model_in_use_is_unknown(registry: Registry, content: bytes) -> None:
    (registry.directory / "current").write_bytes(content)
    delete_old(registry)
    assert len(registry.versions()) == NEWEST + MORE


@pytest.mark.parametrize(
    "name", ["backup", "-rf", "20250101-000000-00000000.bak", "20250101-000000-00000000 ", "a\nb", "*", ".hidden", "~"]
)
def test_a_directory_with_another_name_stays(registry: Registry, name: str) -> None:
    registry.promote(version(NEWEST))
    registry.path(version(0)).rename(registry.directory / name)
    delete_old(registry)
    assert (registry.directory / name / MODEL).exists()


def test_a_directory_that_holds_more_than_a_model_stays(registry: Registry) -> None:
    registry.promote(version(NEWEST))
    (registry.path(version(0)) / "notes.txt").write_text("keep")
    (registry.path(version(1)) / MANIFEST).unlink()
    delete_old(registry)
    assert set(versions(0, 1)) <= set(registry.versions())
    assert (registry.path(version(0)) / MODEL).exists()


def test_no_symbolic_link_is_followed(registry: Registry, tmp_path: Path) -> None:
    registry.promote(version(NEWEST))
    elsewhere = tmp_path / "elsewhere"
    registry.path(version(0)).rename(elsewhere)
    registry.path(version(0)).symlink_to(elsewhere)
    (registry.directory / f"{DELETED}x").symlink_to(elsewhere)
    delete_old(registry)
    assert (elsewhere / MODEL).exists()
    assert registry.path(version(0)).is_symlink()


def test_directories_of_others_take_no_place_of_a_model(registry: Registry) -> None:
    registry.promote(version(NEWEST))
    for number in range(NEWEST):
        (registry.directory / f"copy{number}").mkdir()
    delete_old(registry)
    assert set(versions(*range(MORE, NEWEST + MORE))) <= set(registry.versions())


def test_a_deletion_that_fails_is_logged_and_tried_again(registry: Registry) -> None:
    registry.promote(version(NEWEST))
    # A directory in the way: a rename onto it fails.
    obstacle = registry.directory / f"{DELETED}{version(1)}"
    obstacle.mkdir()
    (obstacle / "file").touch()
    with capture_logs() as lines:
        delete_old(registry)
    assert [line["model"] for line in lines if line["event"] == "old model not deleted"] == versions(1)
    assert set(registry.versions()) & set(versions(*range(MORE))) == set(versions(1))
    delete_old(registry)
    assert registry.versions() == versions(*range(MORE, NEWEST + MORE))


def test_a_lock_that_cannot_be_taken_is_logged(registry: Registry) -> None:
    registry.promote(version(NEWEST))
    lock = registry.directory / ".pointers"
    lock.unlink()
    lock.mkdir()
    with capture_logs() as lines:
        delete_old(registry)
    assert [line["event"] for line in lines] == ["old models not deleted"]
    assert len(registry.versions()) == NEWEST + MORE
