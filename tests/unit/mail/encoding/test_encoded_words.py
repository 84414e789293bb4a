import pytest

from daemon.mail.encoding.encoded_words import decode_words, without_controls

VALUES = [
    ("plain", "plain"),
    ("=?utf-8?Q?J=C3=B6rg?=", "Jörg"),
    ("=?UTF-8?b?SsO2cmc=?=", "Jörg"),
    ("=?utf-8*de?q?J=C3=B6rg?=", "Jörg"),
    ("=?utf-8?q?a_b?=  =?utf-8?q?_c?=", "a b c"),
    ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
    ("x=?utf-8?q?a?=y", "xay"),
    # A character, and a base64 group, split between two words.
    ("=?utf-8?q?J=C3?= =?utf-8?q?=B6rg?=", "Jörg"),
    ("=?utf-8?b?SsO2c?= =?utf-8?b?mc=?=", "Jörg"),
    ("=?utf-8?b?SsO2cmc?=", "Jörg"),
    ("=?utf-8?q?=C3=B6?= =?iso-8859-1?q?=F6?=", "öö"),
    ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
    # White space inside, missing end, unknown charset, unknown encoding.
    ("=?utf-8?Q?a b c?=", "a b c"),
    ("=?utf-8?Q?abc", "abc"),
    ("=?utf-8?Q?abc =?utf-8?Q?def?=", "abcdef"),
    ("=?x-unknown?Q?a=E4?=", "aä"),
    ("=?utf-7?Q?+AGE-?=", "+AGE-"),
    ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    ("=?utf-8?b?!!!?=", ""),
    ("=?", "=?"),
    ("a?=b=?c", "a?=b=?c"),
    # A crafted word cannot add a second line.
    ("=?utf-8?q?a=0D=0ABcc:_eve=40evil.example?=", "a Bcc: eve@evil.example"),
    ("=?utf-8?q?a=E2=80=A8b=C2=85c=00d?=", "a b cd"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_a_header_value_is_decoded_to_one_line(value: str, expected: str) -> None:
    assert decode_words(value) == expected


def test_controls_become_spaces() -> None:
    assert without_controls(" a\r\n\tb\x1b[31mc ") == "a b [31mc"
