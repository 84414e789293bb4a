"""Decode ISO-2022-JP as Outlook writes it: with the characters that Windows adds, such as circled numbers."""

import re
from typing import Final

SHIFT: Final = b"\x1b$"
_RUN: Final = re.compile(rb"\x1b\$(?:[@B]|\([@B])([^\x1b]*)|\x1b\([BIJ]|\x1b[^\x1b]{0,2}|[^\x1b]+")
_ROWS: Final = range(0x21, 0x7F)


def decode_iso2022_jp(data: bytes) -> str:
    """Return the text; U+FFFD replaces what cannot be decoded."""
    try:
        return data.decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        pieces = (_piece(match) for match in _RUN.finditer(data))
        return "".join(pieces)


def _piece(match: re.Match[bytes]) -> str:
    if match[1] is not None:
        return _shift_jis(match[1]).decode("cp932", "replace")
    return "" if match[0].startswith(b"\x1b") else match[0].decode("ascii", "replace")


def _shift_jis(run: bytes) -> bytes:
    """Return characters of two bytes in JIS X 0208 as Shift_JIS, of which Windows has more; line ends stay."""
    out = bytearray()
    at = 0
    while at < len(run):
        first = run[at]
        second = run[at + 1] if at + 1 < len(run) else 0
        if first not in _ROWS or second not in _ROWS:
            out.append(first)
            at += 1
            continue
        lead = ((first + 1) >> 1) + 0x70
        trail = second + 0x1F + (second >= 0x60) if first & 1 else second + 0x7E  # noqa: PLR2004 - 7F is left out
        out += bytes((lead + 0x40 if lead >= 0xA0 else lead, trail))  # noqa: PLR2004 - A0 to DF are katakana
        at += 2
    return bytes(out)
