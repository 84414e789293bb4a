"""Use a renewed certificate from the next STARTTLS on, without a restart."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from config.settings import ConfigError

log = structlog.get_logger(__name__)

Stamp = tuple[tuple[int, int, int], ...]


def renewing(files: Sequence[Path], load: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Return the context that `load` makes, which hands each handshake to a new one after one of the files changed.

    `load` raises ConfigError; at the first call so does this. Later the certificate before it stays in use and the
    reason is logged once: tools that renew write certificate and key one after the other, and the next handshake
    after the second is written finds both.
    """
    stamp = _stamp(files)
    context = load()
    current = context

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal stamp, current
        found = _stamp(files)
        if found != stamp:
            stamp = found
            try:
                current = load()
            except ConfigError as error:
                log.error("certificate not renewed; the one before stays in use", reason=str(error))  # noqa: TRY400 - the reason is enough
            else:
                log.info("certificate renewed", certificate=str(files[0]))
        connection.context = current

    # OpenSSL calls it for clients that name no server, too.
    context.sni_callback = choose
    return context


def _stamp(files: Sequence[Path]) -> Stamp:
    """Return what changes when a file is replaced or written, () where one is not there for the moment."""
    try:
        states = [path.stat() for path in files]
    except OSError:
        return ()
    return tuple((state.st_ino, state.st_size, state.st_mtime_ns) for state in states)
