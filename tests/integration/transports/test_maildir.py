"""The Maildir transport: emails that read as delivered, and folders that cannot be written."""

import mailbox
import os
import threading
from pathlib import Path

import pytest

from tests.support.smtp_transport import ANN, MAIL, US
from workers.transports.base import (
    TemporaryFailure,
)
from workers.transports.maildir import MaildirTransport


def test_an_email_in_the_maildir_reads_as_delivered(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path / "outgoing")
    answer = transport.send("", ANN, MAIL)
    (mail,) = mailbox.Maildir(tmp_path / "outgoing", create=False)
    assert (mail["Return-Path"], mail["Delivered-To"], mail["Subject"]) == ("<>", ANN, "hello")
    (file,) = (tmp_path / "outgoing" / "new").iterdir()
    assert (file.name in answer, file.stat().st_mode & 0o777) == (True, 0o600)
    assert file.read_bytes().endswith(MAIL.replace(b"\r\n", b"\n"))
    assert list((tmp_path / "outgoing" / "tmp").iterdir()) == []


def test_threads_write_files_with_different_names(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path)
    threads = [threading.Thread(target=lambda: [transport.send(US, ANN, MAIL) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir(tmp_path / "new")) == 40  # noqa: PTH208 - names only


def test_an_unwritable_maildir_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TemporaryFailure, match="cannot be written"):
        MaildirTransport(tmp_path / "file").send(US, ANN, MAIL)


def test_a_probe_of_a_maildir_leaves_no_file(tmp_path: Path) -> None:
    MaildirTransport(tmp_path / "outgoing").probe()
    assert [path for path in (tmp_path / "outgoing").rglob("*") if path.is_file()] == []


def test_a_probe_of_an_unwritable_maildir_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TemporaryFailure, match="cannot be written"):
        MaildirTransport(tmp_path / "file").probe()
