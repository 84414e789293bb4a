"""Excerpts: the new text, the rest, and the amount that is missing."""

import pytest

from tests.support.work import lines_run
from workers.notify.excerpt import MAX_READ, cut, excerpt
from workers.notify.sanitize import lines, sendable


@pytest.mark.parametrize(
    ("text", "reply", "new", "rest"),
    [
        ("hello", "hello", "hello", ""),
        ("hello\n\n> quote\n> more", "hello", "hello", "> quote\n> more"),
        ("> quote\nanswer below", "answer below", "answer below", "> quote"),
        ("one\n-- \nsignature\none more", "one\none more", "one\none more", "-- \nsignature"),
        ("hello  \r\n> quote", "hello", "hello", "> quote"),
        ("whole text", "not a part of it", "whole text", ""),
        ("whole text", "", "whole text", ""),
        ("", "", "", ""),
        ("a\na\n> a\na", "a\na\na", "a\na\na", "> a"),
    ],
)
def test_new_text_and_rest_make_up_the_whole(text: str, reply: str, new: str, rest: str) -> None:
    found = excerpt(text, reply)
    assert (found.new.text, found.rest.text) == (new, rest)


@pytest.mark.parametrize(
    ("text", "shown", "more"),
    [
        ("1\n2\n3", "1\n2\n3", ""),
        ("1\n2\n3\n4\n5", "1\n2\n3", "2 more lines"),
        ("1\n2\n3\n4", "1\n2\n3", "2 more characters"),
        ("x" * 30, "x" * 20, "10 more characters"),
        ("x" * 22, "x" * 22, ""),
        ("x" * 23, "x" * 20, "3 more characters"),
        ("\n\n1\n\n\n", "1", ""),
        ("1\n2\n3\n" + "4\n" * 1500, "1\n2\n3", "1,500 more lines"),
    ],
)
def test_the_amount_left_out_is_counted(text: str, shown: str, more: str) -> None:
    passage = cut(text, 3, 20)
    assert (passage.text, str(passage.more)) == (shown, more)


def test_only_the_start_of_megabytes_of_text_is_read_and_shown() -> None:
    text = "line of text\n" * 800_000
    assert lines_run(lambda: excerpt(text, text)) < 100
    found = excerpt(text, text)
    assert found.new.text.count("\n") == 399
    assert str(found.new.more).endswith("more characters")
    # No more is read of it than its start.
    start = text[:MAX_READ]
    assert excerpt(start, start, len(text) - len(start)) == found


def test_a_signed_mark_in_a_quote_is_removed() -> None:
    found = excerpt("thanks\n\n> ref:abcdefghijklmnopqrstuvwxyz234567ab\n> bye", "thanks")
    assert found.rest.text == "> \n> bye"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("a\u2028b\x85c", "a\nb\nc"),
        ("tab\tstays", "tab\tstays"),
        ("\ud800", ""),
        ("\u05d0\u200f!", "\u05d0\u200f!"),
    ],
)
def test_deceptive_characters_are_removed(text: str, shown: str) -> None:
    assert lines(text) == shown


@pytest.mark.parametrize(
    ("address", "form"),
    [("Ann@B.Example", "Ann@b.example"), ("=?x?q?a?=@b.example", None), ("a@b@c.example", None), ("", None)],
)
def test_only_exactly_one_address_is_sendable(address: str, form: str | None) -> None:
    assert sendable(address) == form
