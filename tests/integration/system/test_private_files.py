"""Everything below the state directory is for us alone, whatever the umask and whoever made the directory."""

import os
import stat
from pathlib import Path

import pytest

from daemon.system import files
from tests.support.emails import mail
from tests.support.fakes import eventually
from tests.support.few_examples import few_examples
from tests.support.real_process import real_process


def open_to_others(directory: Path) -> list[str]:
    """Return what others may read or enter, at and below a directory."""
    found = []
    for path in (directory, *directory.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.append(f"{path.relative_to(directory)} {mode:o}")
    return found


def test_a_process_with_a_lenient_umask_makes_private_files_in_a_directory_open_to_others(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "models").mkdir(parents=True)
    (state / "triaged.db").touch()
    for path in (state, state / "models", state / "triaged.db"):
        path.chmod(0o777)
    (tmp_path / "examples").mkdir()
    examples = str(few_examples(tmp_path / "examples", 20))
    with real_process(tmp_path, prepare="umask 0", TRIAGE__EXAMPLES=examples) as running, running.client() as client:
        assert client.hello().deliver(mail()).startswith("250 2.0.0")
        eventually(lambda: list((state / "outgoing" / "new").glob("*")), 300)
        assert (state / "triaged.db-wal").exists()
        assert list((state / "models").iterdir())
        assert open_to_others(state) == []


def test_files_from_before_become_private_and_other_peoples_stay(tmp_path: Path) -> None:
    model = tmp_path / "models" / "1" / "model.joblib"
    model.parent.mkdir(parents=True)
    for path in (model, tmp_path / "daemon.lock", tmp_path / "backup.db", tmp_path / "notes.txt"):
        path.touch()
        path.chmod(0o666)
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    outside.chmod(0o755)
    (tmp_path / "models" / "link").symlink_to(outside)
    files.make_private(tmp_path)
    assert [line for line in open_to_others(tmp_path) if "link" not in line] == ["notes.txt 666"]
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755


def test_a_directory_with_the_sticky_bit_is_left_to_everybody(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    files.make_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    os.chown(tmp_path, 65534, 65534)
    files.make_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_system_directory_is_left_to_everybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(files, "SHARED", frozenset({str(tmp_path)}))
    files.make_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
