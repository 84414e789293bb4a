"""Delivers into a Maildir: how a first run shows what it would send."""

import itertools
import os
import re
import secrets
import socket
import time
from pathlib import Path
from typing import Final

from daemon.system.files import write_durably
from workers.transports.base import TemporaryFailure

_LINE_END: Final = re.compile(rb"\r\n?")
_COUNTER: Final = itertools.count(1)


class MaildirTransport:
    """Writes each email into a file of its own, durably: tmp/, fsync, then new/.

    As a final delivery it puts Return-Path (RFC 5321 section 4.4) and Delivered-To (RFC 9228) on top: they keep the
    envelope visible. Lines end as is usual in a Maildir, with LF.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, mail_from: str, recipient: str, message: bytes) -> str:
        """Write the email; raises TemporaryFailure when the disk does not take it."""
        name = _unique_name()
        trace = f"Return-Path: <{mail_from}>\nDelivered-To: {recipient}\n".encode()
        try:
            self._make()
            content = trace + _LINE_END.sub(b"\n", message)
            write_durably(self._path / "new" / name, content, self._path / "tmp" / name)
        except OSError as error:
            raise TemporaryFailure(f"the Maildir {self._path} cannot be written: {error.strerror}") from error
        return f"kept as new/{name}"

    def probe(self) -> None:
        """Write and remove a file; raises TemporaryFailure when the disk does not take it."""
        temporary = self._path / "tmp" / _unique_name()
        try:
            self._make()
            temporary.touch(mode=0o600)
            temporary.unlink()
        except OSError as error:
            raise TemporaryFailure(f"the Maildir {self._path} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Do nothing: nothing stays open."""

    def _make(self) -> None:
        if (self._path / "new").is_dir():
            return
        for folder in ("tmp", "cur", "new"):
            (self._path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)


def _unique_name() -> str:
    """Return a name that no other process or host gives (the Maildir specification of Bernstein)."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname())
    unique = f"P{os.getpid()}Q{next(_COUNTER)}R{secrets.token_hex(4)}"
    return f"{time.time_ns() // 1_000_000_000}.{unique}.{host}"
