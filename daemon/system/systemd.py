"""The protocols of systemd: notifications, watchdog and socket activation (sd_notify(3), sd_listen_fds(3))."""

import contextlib
import os
import socket
from itertools import zip_longest
from typing import Final

STDERR_FD: Final = 2
FIRST_FD: Final = 3
HTTP: Final = "http"


def notify(state: str) -> None:
    """Send a state such as "READY=1"; do nothing if systemd does not listen."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.connect(address)
        sock.sendall(state.encode())


def watchdog_seconds() -> float | None:
    """Return the watchdog time in seconds, or None without a watchdog for this process."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1e6


def has_sockets(*, http: bool = False) -> bool:
    """Return whether systemd opened listening sockets for this process: those for HTTP, or the others."""
    return bool(_descriptors(http=http))


def listen_sockets(*, http: bool = False) -> list[socket.socket]:
    """Return the listening sockets that systemd opened for this process: those for HTTP, or the others.

    A socket is for HTTP if its FileDescriptorName is "http".
    """
    return [socket.socket(fileno=fd) for fd in _descriptors(http=http)]


def logs_to_journal() -> bool:
    """Return whether standard error is the journal, as systemd.exec(5) says to find out.

    The variable alone proves nothing: programs that a service starts inherit it, also where they write elsewhere.
    """
    try:
        found = os.fstat(STDERR_FD)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _descriptors(*, http: bool) -> list[int]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    descriptors = range(FIRST_FD, FIRST_FD + int(os.environ.get("LISTEN_FDS", "0")))
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    return [fd for fd, name in zip_longest(descriptors, names[: len(descriptors)]) if (name == HTTP) == http]
