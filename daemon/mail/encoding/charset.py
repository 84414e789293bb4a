"""Decode bytes to text by the declared charset, an alias or a guess; never raises, uses only safe codecs."""

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache
from typing import Final

from daemon.mail.encoding.iso2022jp import SHIFT, decode_iso2022_jp

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

# Only codecs that map bytes to characters. Python's registry also has zlib, rot13, idna and unicode_escape.
# UTF-7 is not here: encoding/utf7.py decodes it where a body declares it.
_ALLOWED: Final = frozenset(
    (
        *("ascii", "utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"),
        *(f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"cp125{n}" for n in range(9)),
        *("cp437", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp860", "cp861", "cp862"),
        *("cp863", "cp864", "cp865", "cp866", "cp869", "cp874", "cp932", "cp949", "cp950", "cp037", "cp500"),
        *("koi8_r", "koi8_u", "koi8_t", "ptcp154", "kz1048", "hp_roman8", "mac_roman", "mac_cyrillic", "mac_greek"),
        *("mac_latin2", "mac_turkish", "mac_iceland", "gb18030", "hz", "big5hkscs", "johab"),
        *("euc_jp", "euc_jis_2004", "shift_jis_2004", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_3", "iso2022_kr"),
    )
)
# The supersets that mail programs mean by these names, as in the WHATWG Encoding Standard.
_MEANT: Final = {
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "iso2022_jp_1": "iso2022_jp_ext",
}
# Names that Python does not know.
_EXTRA: Final = {
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "x_gbk": "gb18030",
    "x_sjis": "cp932",
    "x_euc_jp": "euc_jp",
    "x_windows_949": "cp949",
    "x_x_big5": "big5hkscs",
    "x_mac_roman": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "dos_874": "cp874",
    "windows_874": "cp874",
    "utf8mb4": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
    "unicode": "utf_16",
    "latin": "cp1252",
    "ansi_x3_110_1983": "cp1252",  # what Lotus Notes gateways wrote for Latin-1
}


def _table() -> dict[str, str]:
    """Map every spelling of every allowed charset, in letters, digits and single underscores, to its codec."""
    known = aliases | {name: name for name in (*_ALLOWED, *_MEANT)}
    meant = {label: _MEANT.get(name, name) for label, name in known.items()}
    return {label: name for label, name in meant.items() if name in _ALLOWED} | _EXTRA


_CODECS: Final = _table()
_SEVEN_BIT: Final = ("iso2022", "hz")
_STATEFUL: Final = ("iso2022", "hz", "utf_16", "utf_32", "cp037", "cp500")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,39}")
_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")
_WIDE: Final = re.compile(rb"[\x80-\xff]{2,}")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ASCII: Final = bytes(range(0x80))
_KANA: Final = b"\x82\x83"  # the first bytes of kana in Shift_JIS
_EUC_KANA: Final = b"\xa4\xa5"
_BIG5: Final = re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]")
_BIG5_COMMON: Final = bytes((0xA1, *range(0xA4, 0xC7)))  # punctuation, and the characters of everyday
_ENOUGH_PAIRS: Final = 6
_SHORTEST_WORD: Final = 4
_COMMON_GREEK: Final = "\u03b1\u03b9\u03bf\u03c4".encode("cp1253")
_COMMON_CYRILLIC: Final = "\u0430\u0438\u043e\u0442".encode("cp1251")
_BELOW_EUC: Final = bytes(range(0x80, 0xA1))
_HANGUL: Final = bytes(range(0xB0, 0xC9))
_COMMON: Final = bytes((0xA1, 0xA3, *range(0xB0, 0xD8)))  # punctuation, and the common half of GB 2312
_UPPER_ROWS: Final = bytes(range(0xE0, 0x100))
_LOWER_ROWS: Final = bytes(range(0xC0, 0xE0))
_SAMPLE: Final = 1 << 14
_UNWANTED: Final = re.compile("[\0\ud800-\udfff]")


@lru_cache(256)
def codec(charset: str) -> str | None:
    """Return the Python codec for a charset label, or None if it is unknown, empty or not allowed."""
    match = _NAME.search(charset[:200].lower())
    label = _NO_LETTER.sub("_", match[0]).strip("_") if match else ""
    # Some tools write "cp-850", "windows1252" and "utf_8".
    spellings = (label, label.replace("cp_", "cp"), label.replace("windows", "windows_"), label.replace("iso_", "iso"))
    return next((_CODECS[spelling] for spelling in spellings if spelling in _CODECS), None)


def decode(data: bytes, charset: str = "") -> str:
    """Return text without NUL and lone surrogates; U+FFFD replaces bytes that cannot be decoded."""
    return clean(_decode(data, charset))


def clean(text: str) -> str:
    """Return text that every database accepts: no NUL, no lone surrogate, no leading byte order mark."""
    text = text.removeprefix("\ufeff")
    return _UNWANTED.sub(_replacement, text) if _UNWANTED.search(text) else text


def _replacement(match: re.Match[str]) -> str:
    return "" if match[0] == "\0" else REPLACEMENT


def _decode(data: bytes, charset: str) -> str:
    name = codec(charset) if charset else None
    if name is None or name == "ascii":
        return guess(data)
    if SHIFT in data and data.isascii() and not name.startswith(_STATEFUL):
        return decode_iso2022_jp(data)
    if name == "iso2022_jp_ext":
        return decode_iso2022_jp(data) if data.isascii() else _not_seven_bit(data)
    if data.isascii() and not name.startswith(_STATEFUL):
        return data.decode("ascii")
    if name == "cp1252":
        # UTF-8 labelled as Latin-1 is common; Latin-1 that happens to be valid UTF-8 is very rare.
        return _decode_strict(data, "utf-8") or _latin(data)
    text = _decode_strict(data, name)
    return _mislabelled(data, name) if text is None else text


def _mislabelled(data: bytes, name: str) -> str:
    """Decode bytes that are not valid in their declared charset."""
    if name != "utf_8":
        if name.startswith(_SEVEN_BIT) and not data.isascii():
            return _not_seven_bit(data)
        return _decode_strict(data, "utf-8") or data.decode(name, "replace")
    text = data.decode("utf-8", "replace")
    some_utf8 = any(c > "\x7f" and c != REPLACEMENT for c in text[:_SAMPLE])
    return text if some_utf8 else guess(data)


def _not_seven_bit(data: bytes) -> str:
    """Decode bytes above 127 that are labelled as a charset without them: by their pattern, else each is U+FFFD."""
    name = "utf-8" if _decode_strict(data, "utf-8") is not None else _charset_by_pattern(data[:_SAMPLE])
    return data.decode(name or "ascii", "replace")


def guess(data: bytes) -> str:
    """Decode bytes without a usable label: ASCII, UTF-8, ISO-2022, else by the pattern of bytes above 127."""
    if SHIFT in data and data.isascii():
        return decode_iso2022_jp(data)
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    utf8 = _decode_strict(data, "utf-8")
    if utf8 is not None:
        return utf8
    name = _charset_by_pattern(data[:_SAMPLE])
    return data.decode(name, "replace") if name else _latin(data)


def _charset_by_pattern(data: bytes) -> str | None:
    """Return the likely non-Latin charset or None: its words are runs of high bytes; Latin text has single ones."""
    runs = _WIDE.findall(data)
    wide = b"".join(runs)
    alone = len(data.translate(None, _ASCII)) - len(wide)
    if _is_big5(data):
        return "big5"
    if alone * 2 > len(wide):
        return None
    # Two accented letters in a row are no word of another alphabet.
    is_word = any(len(run) >= _SHORTEST_WORD for run in runs)
    return _double_byte(runs, wide, data) or (_alphabet(wide) if is_word else None)


def _is_big5(data: bytes) -> bool:
    """Return whether high bytes begin the common characters of Big5, whose second byte may be ASCII."""
    pairs = _BIG5.findall(data)
    common = sum(pair[0] in _BIG5_COMMON for pair in pairs)
    with_ascii = sum(pair[1] < 0x80 for pair in pairs)  # noqa: PLR2004 - ASCII ends there
    is_likely = len(pairs) >= _ENOUGH_PAIRS and common * 10 > len(pairs) * 8 and with_ascii * 10 > len(pairs)
    return is_likely and _decode_strict(data, "big5", cut=True) is not None


def _double_byte(runs: list[bytes], wide: bytes, data: bytes) -> str | None:
    if _count(wide, _KANA) * 5 > len(wide) and _decode_strict(data, "cp932", cut=True):
        return "cp932"
    # All bytes of the EUC family are above A0, and each run consists of whole characters.
    if _count(wide, _BELOW_EUC) or any(len(run) % 2 for run in runs[:-1]):
        return None
    # Second bytes are spread over all rows; letters of one alphabet are not.
    if (_count(wide, _UPPER_ROWS) + _count(wide, _LOWER_ROWS)) * 20 > len(wide) * 19:
        return None
    leads = wide[::2]
    if _count(leads, _EUC_KANA) * 4 > len(leads) and _decode_strict(data, "euc_jp", cut=True):
        return "euc_jp"
    name = "cp949" if _count(leads, _HANGUL) * 10 > len(leads) * 9 else "gb18030"
    return name if _count(leads, _COMMON) * 10 > len(leads) * 8 and _decode_strict(data, name, cut=True) else None


def _alphabet(wide: bytes) -> str | None:
    """Return the charset of Cyrillic or Greek, or None, by where their most common letters are."""
    upper, lower = _count(wide, _UPPER_ROWS), _count(wide, _LOWER_ROWS)
    if (upper + lower) * 10 < len(wide) * 9:
        return None
    # Small letters, the majority in any text, are E0 to FF in windows-1251 and C0 to DF in KOI8-R.
    if upper <= lower:
        return "koi8_r"
    return "cp1253" if _count(wide, _COMMON_GREEK) > _count(wide, _COMMON_CYRILLIC) else "cp1251"


def _count(data: bytes, counted: bytes) -> int:
    return len(data) - len(data.translate(None, counted))


def _latin(data: bytes) -> str:
    return _decode_strict(data, "cp1252") or data.decode("latin-1")


def _decode_strict(data: bytes, name: str, *, cut: bool = False) -> str | None:
    """Decode, or return None for invalid bytes; `cut` allows an incomplete last character."""
    try:
        return codecs.getincrementaldecoder(name)().decode(data, final=False) if cut else data.decode(name)
    except (UnicodeError, ValueError):
        return None
