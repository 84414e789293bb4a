"""Read the content of one DATA command: find its end, undo dot-stuffing, bound its size (RFC 5321 section 4.5.2)."""

from typing import Final

END: Final = b"\r\n.\r\n"
LINE_BREAK: Final = b"\r\n"
# Each dot after a line break is for transparency: the client adds one to every line that begins with a dot.
DOT: Final = b"\r\n."


class DotReader:
    """Takes the bytes after DATA in any chunks, and gives the content without its transparency dots. Pure.

    Only CRLF . CRLF ends the content. A dot beside a bare CR or LF does not, because another server may read it
    differently (SMTP smuggling); bare CR and LF stay in the content. Memory is bounded by `limit` and one chunk.

    `ended` is true once the end was found. Neither `size` nor the limit count transparency dots (RFC 1870 section 4).
    """

    def __init__(self, limit: int) -> None:
        self.ended = False
        self._limit = limit
        # The line break of the DATA command counts as the one before the first line, so the content may be empty.
        self._buffer = bytearray(LINE_BREAK)
        # Bytes of content that were counted and dropped.
        self._dropped = -len(LINE_BREAK)
        self._dots = 0

    @property
    def size(self) -> int:
        """Return the number of content bytes so far."""
        return self._dropped + len(self._buffer) - self._dots

    @property
    def too_large(self) -> bool:
        """Return whether the content exceeds the limit; before the end, whether it will surely do so."""
        allowance = 0 if self.ended else len(END) - len(LINE_BREAK)
        return self.size > self._limit + allowance

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that follow the end of the content, which are the next commands.

        Raises ValueError when the content has ended already.
        """
        if self.ended:
            raise ValueError("the content has ended")
        before = len(self._buffer)
        self._buffer += data
        end = self._buffer.find(END, max(0, before - len(END) + 1))
        stop = len(self._buffer) if end < 0 else end + len(DOT)
        self._dots += self._buffer.count(DOT, before - len(DOT) + 1, stop)
        if end < 0:
            if self.too_large:
                self._drop(len(self._buffer) - len(END) + 1)
            return b""
        self.ended = True
        self._dots -= 1  # the dot that ends the content
        rest = bytes(memoryview(self._buffer)[end + len(END) :])
        del self._buffer[end + len(LINE_BREAK) :]
        if self.too_large:
            self._drop(len(self._buffer))
        return rest

    def content(self) -> bytes:
        """Return the content; empty when it was too large. Raises ValueError before its end."""
        if not self.ended:
            raise ValueError("the content has not ended")
        if not self._dots:
            return bytes(memoryview(self._buffer)[len(LINE_BREAK) :])
        first = len(LINE_BREAK) + self._buffer.startswith(b"\r\n.")
        return bytes(memoryview(self._buffer)[first:]).replace(b"\r\n.", LINE_BREAK)

    def _drop(self, number: int) -> None:
        del self._buffer[:number]
        self._dropped += number
