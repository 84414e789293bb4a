"""Read the text of a document in RTF, as Outlook writes it; linear, bounded, never raises."""

import re
from typing import Final

from daemon.mail.encoding.charset import clean, decode

_MAX_DEPTH: Final = 200
_MAX_RTF: Final = 4 << 20
_TOKEN: Final = re.compile(
    r"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL
)
_SKIPPED: Final = frozenset(
    (
        *("fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "headerl", "headerr", "footer"),
        *("footerl", "footerr", "footnote", "listtable", "listoverridetable", "rsidtbl", "generator", "themedata"),
        *("datastore", "fldinst"),
    )
)
_SHOWN: Final = {
    "par": "\n",
    "line": "\n",
    "sect": "\n",
    "page": "\n",
    "row": "\n",
    "tab": "\t",
    "cell": "\t",
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
}
_SYMBOLS: Final = {"~": "\xa0", "_": "-", "\n": "\n", "\r": "\n", "\\": "\\", "{": "{", "}": "}"}
_BMP: Final = 0x10000


def is_rtf(text: str) -> bool:
    """Return whether a text is a document in RTF."""
    return text[:50].lstrip().startswith("{\\rtf")


def rtf_text(rtf: str) -> str:
    """Return the text of a document; what is not RTF gives "". Bytes above 127 count as in Latin-1."""
    if not is_rtf(rtf):
        return ""
    reader = _Reader()
    for match in _TOKEN.finditer(rtf[:_MAX_RTF]):
        reader.read(match)
    reader.flush()
    return clean(_joined("".join(reader.out)))


def _joined(text: str) -> str:
    """Return text with the halves of characters beyond the BMP, which RTF writes as two numbers, joined."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Reader:
    """Reads tokens. `_groups` are the states of the open groups: what is not shown, and the substitutes of a number."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._bytes = bytearray()
        self._charset = "cp1252"
        self._groups: list[tuple[bool, int]] = []
        self._skipped, self._after_unicode = False, 1
        self._left_to_skip = 0
        self._is_html_only = False

    def read(self, match: re.Match[str]) -> None:
        """Read one token."""
        code, word, number, symbol, brace, text = match.groups()
        if brace:
            self._brace(brace)
        elif word:
            self._word(word, number)
        elif code:
            self._byte(int(code, 16))
        elif symbol == "*":
            self._skipped = True
        elif symbol:
            self._show(_SYMBOLS.get(symbol, ""))
        elif text:
            skip = min(self._left_to_skip, len(text))
            self._left_to_skip -= skip
            self._show(text[skip:])

    def flush(self) -> None:
        """Decode the bytes that came so far."""
        if self._bytes:
            self.out.append(decode(bytes(self._bytes), self._charset))
            self._bytes.clear()

    def _brace(self, brace: str) -> None:
        self.flush()
        self._left_to_skip = 0
        if brace == "{":
            if len(self._groups) < _MAX_DEPTH:
                self._groups.append((self._skipped, self._after_unicode))
        elif self._groups:
            self._skipped, self._after_unicode = self._groups.pop()

    def _word(self, word: str, number: str | None) -> None:
        if word == "u" and number:
            self._unicode(int(number))
        elif word == "uc":
            self._after_unicode = min(int(number or 1), 10)
        elif word == "ansicpg" and number:
            self._charset = f"cp{number}"
        elif word == "htmlrtf":
            # The text between \htmlrtf and \htmlrtf0 stands for markup of the HTML that the RTF was made from.
            self._is_html_only = number != "0"
        elif word in _SKIPPED:
            self._skipped = True
        elif word in _SHOWN:
            self._show(_SHOWN[word])

    def _unicode(self, number: int) -> None:
        if not self._skipped:
            self.flush()
            self.out.append(chr(number % _BMP))
        self._left_to_skip = self._after_unicode

    def _byte(self, value: int) -> None:
        if self._left_to_skip:
            self._left_to_skip -= 1
        elif not self._skipped:
            self._bytes.append(value)

    def _show(self, text: str) -> None:
        if not self._skipped and text and (not self._is_html_only or text == "\n"):
            self.flush()
            self.out.append(text)
