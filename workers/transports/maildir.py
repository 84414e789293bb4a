"""Writes outgoing emails into a Maildir, so that a first run shows what it would send."""

import itertools
import os
import re
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from daemon.system.files import write_durably
from workers.transports.base import TemporaryFailure, no_record

_LINE_END: Final = re.compile(rb"\r\n?")
_COUNTER: Final = itertools.count(1)


class MaildirTransport:
    """Writes each email into its own file, durably: write to tmp/, fsync, rename into new/.

    Return-Path (RFC 5321 section 4.4) and Delivered-To (RFC 9228) are added on top to show the envelope. Lines end with
    LF, as usual in a Maildir.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, mail_from: str, recipient: str, message: bytes, hand_over: Callable[[], None] = no_record) -> str:
        """Write the email; raises TemporaryFailure if the file cannot be written."""
        name = _unique_name()
        trace = f"Return-Path: <{mail_from}>\nDelivered-To: {recipient}\n".encode()
        try:
            self._create_folders()
            hand_over()
            content = trace + _LINE_END.sub(b"\n", message)
            write_durably(self._path / "new" / name, content, self._path / "tmp" / name)
        except OSError as error:
            raise self._failure(error) from error
        return f"written to new/{name}"

    def probe(self) -> None:
        """Write an empty file and remove it; raises TemporaryFailure if that fails."""
        temporary = self._path / "tmp" / _unique_name()
        try:
            self._create_folders()
            temporary.touch(mode=0o600)
            temporary.unlink()
        except OSError as error:
            raise self._failure(error) from error

    def cut(self) -> None:
        """Do nothing: files are written in no time."""

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _failure(self, error: OSError) -> TemporaryFailure:
        return TemporaryFailure(f"the Maildir {self._path} cannot be written: {error.strerror}")

    def _create_folders(self) -> None:
        if (self._path / "new").is_dir():
            return
        for folder in ("tmp", "cur", "new"):
            (self._path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)


def _unique_name() -> str:
    """Return a file name that no other process or host uses (Maildir specification, cr.yp.to/proto/maildir.html)."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname())
    unique = f"P{os.getpid()}Q{next(_COUNTER)}R{secrets.token_hex(4)}"
    return f"{time.time_ns() // 1_000_000_000}.{unique}.{host}"
