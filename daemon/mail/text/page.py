"""Build a page of text: lines with quote prefixes and indents, gaps, links."""

import re
from typing import Final

MAX_TEXT: Final = 1 << 20
_RULE: Final = "_" * 32  # as Outlook draws it in plain text
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_CELL: Final = "\t"
_MAX_INDENT: Final = 40


class Page:
    """Collects text. `verbatim` is the number of open elements that keep white space; `full` means no more is taken."""

    def __init__(self) -> None:
        self.verbatim = 0
        self._lines: list[str] = []
        self._line: list[str] = []
        self._prefixes: list[str] = []
        self._bullet = ""
        self._gap = False
        self._link_starts: list[tuple[int, int]] = []
        self._room = MAX_TEXT
        self._last_is_blank = True

    @property
    def full(self) -> bool:
        """Return whether the limit of text is reached."""
        return self._room <= 0

    def write(self, text: str) -> None:
        """Add text to the line; white space is collapsed unless `verbatim`."""
        if self.verbatim:
            self._write_lines(text)
            return
        text = _SPACE.sub(" ", text)
        if text.startswith(" ") and (not self._line or self._line[-1].endswith((" ", _CELL))):
            text = text[1:]
        if text:
            self._add(text)

    def _write_lines(self, text: str) -> None:
        first, *rest = text.replace("\r\n", "\n").split("\n")
        if first:
            self._add(first)
        for line in rest:
            self.line_break()
            if line:
                self._add(line)

    def _add(self, text: str) -> None:
        if not self._line:
            self._open_line()
        self._line.append(text)

    def _open_line(self) -> None:
        self._fill_gap()
        start = self._prefix()
        if self._bullet:
            start, self._bullet = start[: -len(self._prefixes[-1])] + self._bullet, ""
        self._line = [start]

    def _fill_gap(self) -> None:
        if self._gap and self._lines:
            self._push(self._prefix())
        self._gap = False

    def _prefix(self) -> str:
        return "".join(self._prefixes[:_MAX_INDENT])

    def _push(self, line: str) -> None:
        kept = line.rstrip(" \t")
        self._lines.append(kept)
        # Below one long line a gap may be asked for as often as there are elements.
        self._last_is_blank = not kept.strip("> ")
        self._room -= len(line) + 1

    def line_break(self) -> None:
        """End the line; an empty one is kept as a blank line."""
        if self._line:
            self.gap()
        elif self._lines:
            self._gap = False
            self._push(self._prefix())

    def gap(self, *, blank: bool = False) -> None:
        """End the line, and ask for a blank line before what comes next."""
        if self._line:
            self._push("".join(self._line))
            self._line = []
        if blank and not self._bullet and not self._last_is_blank:
            self._gap = True

    def indent(self, prefix: str, bullet: str = "") -> None:
        """Start each line with a prefix, the first one with a bullet in its place."""
        if prefix == "> ":
            self._fill_gap()
        self._prefixes.append(prefix)
        self._bullet = bullet

    def outdent(self) -> None:
        """Remove the last prefix."""
        if self._prefixes:
            self._prefixes.pop()
        self._bullet = ""

    def cell(self) -> None:
        """Separate two cells of a row."""
        if self._line:
            self._line.append(_CELL)

    def rule(self) -> None:
        """Draw a line, unless the last line is one."""
        self.gap()
        if self._lines and not self._lines[-1].endswith(_RULE):
            self._add(_RULE)
        self.gap()

    def signature(self) -> None:
        """Start a signature (RFC 3676 section 4.3)."""
        self.gap()
        if self._lines and self._lines[-1] != "--":
            self._lines.append(f"{self._prefix()}-- ")
            self._last_is_blank = False

    def start_link(self) -> None:
        """Remember where the text of a link starts, for `end_link`."""
        self._link_starts.append((len(self._lines), len(self._line)))

    def end_link(self, target: str) -> None:
        """Add the target of a link after its text, unless the text contains it."""
        line, piece = self._link_starts.pop() if self._link_starts else (0, 0)
        if not target or not self._line:
            return
        shown = "".join(self._line[piece:] if line == len(self._lines) else self._line).strip()
        if shown and _bare(shown) not in _bare(target):
            self._add(f" <{target}>")

    def text(self) -> str:
        """Return the page."""
        self.gap()
        return "\n".join(self._lines).strip("\n")


def _bare(text: str) -> str:
    return text.lower().removeprefix("mailto:").removeprefix("http://").removeprefix("https://").rstrip("/")
