"""Text from outside: one harmless line, shortened; the domain of an address."""

import pytest

from daemon.text import domain_of, harmless_line, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n b", "a b"),
        ("  a\x00\x00b  ", "a b"),
        ("a\tb\u00a0 c", "a b c"),
        ("a\x1b[31mb", "a [31mb"),
        ("\u202ea\u2028b", "a b"),
        ("a\u2067b\u2069", "ab"),
        ("a\ud800b", "a b"),
        ("a\u200db", "a\u200db"),
        ("Grüße, 世界", "Grüße, 世界"),
        ("x" * 300, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_text_becomes_one_line_without_controls(text: str, shown: str) -> None:
    assert harmless_line(text) == shown


def test_a_line_has_at_most_the_given_number_of_characters() -> None:
    assert harmless_line("one two three", 8) == "one two…"


def test_only_the_start_of_a_long_text_is_read() -> None:
    assert harmless_line(" " * 100 + "end", 10) == ""


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [("abcd", 4, "abcd"), ("abcde", 4, "abc…"), ("ab cde", 4, "ab…"), ("a\nb", 3, "a\nb"), ("", 1, "")],
)
def test_longer_text_ends_with_an_ellipsis(text: str, limit: int, shown: str) -> None:
    assert shorten(text, limit) == shown


@pytest.mark.parametrize(
    ("address", "domain"),
    [("ann@a.example", "a.example"), ('"x@y"@b.example', "b.example"), ("a.example", "a.example"), ("", "")],
)
def test_the_domain_follows_the_last_at_sign(address: str, domain: str) -> None:
    assert domain_of(address) == domain
