"""An IMAP connection that is bounded in time and memory, and that notices when the server is gone."""

import logging
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from time import monotonic
from typing import Any, Final

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

ANSWER_OCTETS: Final = 4 * 1024 * 1024
KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 4))


class BoundedClient(IMAPClient):  # type: ignore[misc]  # the library has no types
    """One connection, used by one thread; only `cut` may come from another.

    What an answer may hold and how long it may take is said by `within`, since neither the library nor the standard
    library limits either: a literal is read whole whatever length the server announces. Errors are those of
    the library: IMAPClientAbortError and OSError end the connection, other IMAPClientErrors are refusals.
    """

    def __init__(self, host: str, port: int, *, tls: bool, connect_seconds: float, read_seconds: float) -> None:
        # The library hands every line to this logger: bodies, and credentials in their SASL form.
        logging.getLogger("imapclient.imaplib").setLevel(logging.WARNING)
        self._budget = ANSWER_OCTETS
        self._unheard = False
        super().__init__(
            host,
            port,
            ssl=tls,
            ssl_context=ssl.create_default_context() if tls else None,
            timeout=SocketTimeout(connect_seconds, read_seconds),
        )
        self._tune()

    @contextmanager
    def within(self, seconds: float, octets: int = ANSWER_OCTETS) -> Iterator[None]:
        """Let what follows take so long and read so much; more breaks the connection."""
        self._budget = octets
        timer = Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def cut(self) -> None:
        """Break the connection, so that whatever waits for it fails. Safe from any thread."""
        with suppress(OSError):
            # A TLS socket would forget its session on its own shutdown(), under the hands of the thread that reads.
            socket.socket.shutdown(self.socket(), socket.SHUT_RDWR)

    def idle(self) -> None:
        """Begin IDLE (RFC 2177). Unlike the library's, it allows news before the server's consent."""
        self._idle_tag = self._imap._command("IDLE")  # noqa: SLF001 - the library does the same
        while self._imap._get_response() is not None:  # noqa: SLF001
            if self._imap.tagged_commands.get(self._idle_tag) is not None:
                raise IMAPClientError("the server refused IDLE")
        self._unheard = True

    def heard(self, seconds: float) -> bool:
        """Say whether new mail was announced within so many seconds of IDLE; raises when the connection is dead."""
        first, began = self._unheard, monotonic()
        lines = self.idle_check(seconds)
        # At the end of the stream the library returns nothing, at once, for ever.
        if not lines and not first and monotonic() - began < seconds / 2:
            raise IMAPClientAbortError("the server hung up")
        if any(line[0] == b"BYE" for line in lines):
            raise IMAPClientAbortError("the server said BYE")
        return any(len(line) > 1 and line[1] == b"EXISTS" for line in lines)

    def announcements(self) -> int:
        """Return how often the server told, outside of IDLE, how many emails the selected folder holds."""
        return len(self._imap.untagged_responses.get("EXISTS", ()))

    def _create_IMAP4(self) -> Any:  # noqa: ANN401, N802 - the library's name, and its object without type
        imap = super()._create_IMAP4()
        imap.read = self._measured_read(imap.read)
        imap.readline = self._measured_readline(imap.readline)
        return imap

    def _measured_read(self, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        def measured(size: int) -> bytes:
            self._spend(size)
            return read(size)

        return measured

    def _measured_readline(self, readline: Callable[[], bytes]) -> Callable[[], bytes]:
        def measured() -> bytes:
            line = readline()
            self._spend(len(line))
            return line

        return measured

    def _spend(self, octets: int) -> None:
        self._budget -= octets
        if self._budget < 0:
            raise IMAPClientAbortError("the server's answer is longer than it may be")

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> list[tuple[int, int]]:
        # What came in one packet with the consent to IDLE is read already, and a poll would not see it.
        if self._unheard:
            self._unheard = False
            return [(sock.fileno(), select.POLLIN)]
        return super()._poll_socket(sock, timeout)  # type: ignore[no-any-return]

    def _tune(self) -> None:
        sock = self.socket()
        # The library sends some commands in pieces, which Nagle's algorithm would hold back for 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
