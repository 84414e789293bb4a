"""An IMAP connection with limits on time and memory that detects a dead server."""

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

ANSWER_BYTES: Final = 4 * 1024 * 1024
KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 4))


class BoundedClient(IMAPClient):  # type: ignore[misc]  # the library has no types
    """One connection, used by one thread; only `cut` may be called from another.

    `within` limits the size and the duration of an answer, which neither IMAPClient nor imaplib does: a literal is read
    whole whatever length the server announces. Errors are those of IMAPClient: IMAPClientAbortError and OSError end the
    connection, other IMAPClientErrors are refusals.
    """

    def __init__(self, host: str, port: int, *, tls: bool, connect_seconds: float, read_seconds: float) -> None:
        # IMAPClient logs every line here at DEBUG: bodies, and credentials in their SASL form.
        logging.getLogger("imapclient.imaplib").setLevel(logging.WARNING)
        self._budget = ANSWER_BYTES
        self._check_buffer = False
        self._read_seconds = read_seconds
        super().__init__(
            host,
            port,
            ssl=tls,
            ssl_context=ssl.create_default_context() if tls else None,
            timeout=SocketTimeout(connect_seconds, read_seconds),
        )
        self._tune()

    @contextmanager
    def within(self, seconds: float, max_bytes: int = ANSWER_BYTES) -> Iterator[None]:
        """Limit the time and the bytes that the body of a `with` may take; breaks the connection beyond them."""
        self._budget = max_bytes
        timer = Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def cut(self) -> None:
        """Break the connection, so that a blocked read fails. Safe from any thread."""
        with suppress(OSError):
            # Not the shutdown() of a TLS socket: it drops the TLS session while another thread reads from it.
            socket.socket.shutdown(self.socket(), socket.SHUT_RDWR)

    def idle(self) -> None:
        """Begin IDLE (RFC 2177). Unlike IMAPClient's, it accepts untagged responses before the continuation."""
        self._idle_tag = self._imap._command("IDLE")  # noqa: SLF001 - IMAPClient does the same
        while self._imap._get_response() is not None:  # noqa: SLF001 - as above
            if self._imap.tagged_commands.get(self._idle_tag) is not None:
                raise IMAPClientError("the server refused IDLE")
        self._check_buffer = True

    def new_mail_within(self, seconds: float) -> bool:
        """Wait in IDLE and return whether the server announced new mail; raises when the connection is dead."""
        first, began = self._check_buffer, monotonic()
        lines = self.idle_check(seconds)
        # After EOF, idle_check() returns an empty list at once, every time.
        if not lines and not first and monotonic() - began < seconds / 2:
            raise IMAPClientAbortError("the server closed the connection")
        if any(line[0] == b"BYE" for line in lines):
            raise IMAPClientAbortError("the server said BYE")
        return any(len(line) > 1 and line[1] == b"EXISTS" for line in lines)

    def announcements(self) -> int:
        """Return how many EXISTS responses the server sent for the selected folder outside of IDLE."""
        return len(self._imap.untagged_responses.get("EXISTS", ()))

    def _create_IMAP4(self) -> Any:  # noqa: ANN401, N802 - IMAPClient's name, and its object without type
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
            if line and not line.endswith(b"\n"):
                line += self._rest_of_line(readline)
            self._spend(len(line))
            return line

        return measured

    def _rest_of_line(self, readline: Callable[[], bytes]) -> bytes:
        """Read the rest of a line of which only a part has arrived: idle_check() reads without blocking."""
        sock = self.socket()
        before = sock.gettimeout()
        sock.settimeout(self._read_seconds)
        try:
            return readline()
        finally:
            sock.settimeout(before)

    def _spend(self, size: int) -> None:
        self._budget -= size
        if self._budget < 0:
            raise IMAPClientAbortError("the server's answer exceeds the size limit")

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> list[tuple[int, int]]:
        # Responses in the same packet as the continuation of IDLE are buffered already; a poll would not see them.
        if self._check_buffer:
            self._check_buffer = False
            return [(sock.fileno(), select.POLLIN)]
        return super()._poll_socket(sock, timeout)  # type: ignore[no-any-return]  # the library has no types

    def _tune(self) -> None:
        sock = self.socket()
        # IMAPClient sends some commands in pieces, which Nagle's algorithm would delay by 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
