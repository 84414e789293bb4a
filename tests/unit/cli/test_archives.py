import io
import sys
from pathlib import Path

import pytest

from daemon.cli.support.archives import read_emails

ONE, TWO = b"Subject: one\n\nhello\n", b"Subject: two\n\nFrom me\n>From you\n"
MBOX = b"From ann Mon Mar 2\n" + ONE + b"\nFrom bob Mon Mar 2\nSubject: two\n\n>From me\n>>From you\n"


def test_a_file_is_one_mail_under_the_name_given(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(ONE)
    assert list(read_emails([str(path)])) == [(str(path), ONE)]


def test_an_mbox_is_numbered_and_unquoted(tmp_path: Path) -> None:
    path = tmp_path / "box"
    path.write_bytes(MBOX)
    assert list(read_emails([str(path)])) == [(f"{path}#1", ONE + b"\n"), (f"{path}#2", TWO)]


def test_an_eml_with_an_envelope_line_is_one_mail(tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(MBOX)
    assert list(read_emails([str(path)])) == [(str(path), MBOX)]


def test_a_directory_is_walked_and_sorted(tmp_path: Path) -> None:
    for name in ("b.eml", "a/z.EML", "a/y.eml", "a/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    assert list(read_emails([str(tmp_path)])) == [("b.eml", b"b.eml"), ("a/y.eml", b"a/y.eml"), ("a/z.EML", b"a/z.EML")]


def test_a_maildir_gives_both_of_its_folders(tmp_path: Path) -> None:
    for name in ("cur/2:2,S", "cur/1:2,S", "new/3", "tmp/4"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    assert [name for name, _ in read_emails([str(tmp_path)])] == ["cur/1:2,S", "cur/2:2,S", "new/3"]


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ONE)))
    assert list(read_emails(["-"])) == [("-", ONE)]


def test_an_empty_file_is_an_empty_mail(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert list(read_emails([str(path)])) == [(str(path), b"")]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_emails([str(tmp_path / "none")]))


def test_one_mail_is_read_at_a_time(tmp_path: Path) -> None:
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_bytes(ONE)
    found = read_emails([str(tmp_path)])
    next(found)
    (tmp_path / "b.eml").write_bytes(TWO)
    assert next(found) == ("b.eml", TWO)


def test_a_field_with_a_blank_before_its_colon_begins_no_mbox(tmp_path: Path) -> None:
    raw = b"From : ann@customer.example\nSubject: one\n\nFrom : a line of the text\n"
    (tmp_path / "mail").write_bytes(raw)
    assert list(read_emails([str(tmp_path / "mail")])) == [(str(tmp_path / "mail"), raw)]
