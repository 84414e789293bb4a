import codecs

import pytest

from daemon.mail.encoding import charset
from daemon.mail.encoding.charset import clean, codec, decode, guess

LABELS = [
    ("UTF8", "utf_8"),
    ('"utf-8"', "utf_8"),
    ("iso-8859-1", "cp1252"),
    ("Latin1", "cp1252"),
    ("iso-8859-8-i", "iso8859_8"),
    ("gb2312", "gb18030"),
    ("ks_c_5601-1987", "cp949"),
    ("Shift_JIS", "cp932"),
    ("cp-850", "cp850"),
    ("windows1251", "cp1251"),
    ("x-mac-roman", "mac_roman"),
    ("us-ascii", "ascii"),
]
REFUSED = [
    "",
    "utf-7",
    "rot13",
    "zlib",
    "base64",
    "idna",
    "punycode",
    "unicode_escape",
    "unknown-8bit",
    "../../x",
    "x\0y",
]
GERMAN, RUSSIAN, CHINESE = "Größe für Jörg", "Здравствуйте, заказ не пришёл", "你好我的订单没有收到"
KOREAN, JAPANESE = "안녕하세요 주문한 물건이 오지 않았습니다", "こんにちは、荷物が届きません"


@pytest.mark.parametrize(("label", "expected"), LABELS)
def test_a_label_names_the_codec_that_mail_programs_mean(label: str, expected: str) -> None:
    assert codec(label) == expected


@pytest.mark.parametrize("label", REFUSED)
def test_unsafe_and_unknown_codecs_are_refused(label: str) -> None:
    assert codec(label) is None


def test_every_codec_in_the_table_exists() -> None:
    assert all(codecs.lookup(name) for name in charset._CODECS.values())


GUESSED = [
    (GERMAN, "utf-8"),
    (GERMAN, "cp1252"),
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (CHINESE, "gb2312"),
    (KOREAN, "euc-kr"),
    (JAPANESE, "cp932"),
    (JAPANESE, "iso2022_jp"),
    (RUSSIAN, "utf-16"),
]


@pytest.mark.parametrize(("text", "encoding"), GUESSED)
def test_bytes_without_a_label_are_guessed(text: str, encoding: str) -> None:
    assert guess(text.encode(encoding)) == text


DECODED = [
    (GERMAN.encode(), "us-ascii", GERMAN),
    (GERMAN.encode(), "iso-8859-1", GERMAN),
    (GERMAN.encode(), "iso-8859-15", GERMAN.encode().decode("iso-8859-15")),
    (GERMAN.encode("cp1252"), "utf-8", GERMAN),
    (b"caf\xe9 \xe2\x82\xac", "utf-8", "caf\N{REPLACEMENT CHARACTER} €"),
    ("€".encode("cp1252"), "iso-8859-1", "€"),
    (b"\x81\x8d", "windows-1252", "\x81\x8d"),
    (b"+AGE-", "utf-7", "+AGE-"),
    (b"a\0b", "utf-8", "ab"),
    (codecs.BOM_UTF8 + b"a", "utf-8", "a"),
    (b"", "utf-16", ""),
]


@pytest.mark.parametrize(("data", "label", "expected"), DECODED)
def test_bytes_are_decoded_as_labelled_or_as_they_look(data: bytes, label: str, expected: str) -> None:
    assert decode(data, label) == expected


def test_lone_surrogates_and_nul_never_reach_the_database() -> None:
    assert clean("\ufeffa\0b\ud800c") == "ab\N{REPLACEMENT CHARACTER}c"


def test_a_single_byte_that_the_charset_cannot_have_is_not_guessed() -> None:
    assert decode(b"Dij\x8aat.mp3", "iso-2022-jp") == "Dij\ufffdat.mp3"
    assert decode(b"Dij\x8aat.mp3", "hz-gb-2312") == "Dij\ufffdat.mp3"
    assert decode(JAPANESE.encode("cp932"), "iso-2022-jp") == JAPANESE
