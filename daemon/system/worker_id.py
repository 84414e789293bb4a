"""Name the process that holds a lease, and tell whether it has certainly ended."""

import os
import secrets
import socket

HOST_LENGTH = 32


def owner() -> str:
    """Return a unique name for this process: host, process id and a random part."""
    return f"{_host()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_gone(name: str) -> bool:
    """Return whether the process of this name ran on this host and has ended."""
    host, _, rest = name.partition(":")
    pid = rest.partition(":")[0]
    return host == _host() and pid.isdecimal() and not _runs(int(pid))


def _host() -> str:
    return socket.gethostname()[:HOST_LENGTH]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
