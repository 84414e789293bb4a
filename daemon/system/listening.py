"""The address of the listener, left in the state directory for the commands of this host.

A socket of systemd takes precedence over `smtp.listen`, so the settings do not say where the listener is.
"""

import contextlib
from pathlib import Path
from typing import Final

from daemon.system.binding import Address
from daemon.system.files import write_durably

FILE: Final = "smtp.address"


def record(directory: Path, address: Address) -> None:
    """Leave the address that systemd gave the listener; without room on the disk, commands use the settings."""
    with contextlib.suppress(OSError):
        write_durably(directory / FILE, f"{address}\n".encode())


def forget(directory: Path) -> None:
    """Remove what a listener left."""
    with contextlib.suppress(OSError):
        (directory / FILE).unlink(missing_ok=True)


def listen_address(directory: Path, configured: str) -> str:
    """Return HOST:PORT of the listener of this host: what it left, else the address in the settings."""
    try:
        found = (directory / FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return configured
    host, _, port = found.rpartition(":")
    return found if host and port.isdecimal() else configured
