"""Splitting a reply takes time in proportion to its size, whatever it is made of."""

# ruff: noqa: RUF001
# Letters of other scripts that look like Latin ones are intended.

from collections.abc import Callable
from functools import partial

import pytest

from daemon.mail.reply.split import split
from tests.support.work import lines_run, no_hang

HOSTILE: dict[str, Callable[[int], str]] = {
    "one endless line": lambda size: "On " + "a " * (size // 2),
    "attribution ends": lambda size: "On 12 May 2022 at 10:15 a@b.example:\n" * (size // 37),
    "short ends": lambda size: "1:\n" * (size // 3),
    "open brackets": lambda size: ("<" * 300 + ":\n") * (size // 302),
    "addresses": lambda size: ("<a@" * 100 + ":\n") * (size // 302),
    "header labels": lambda size: "From: a@b.example\nTo: a\nFrom: b\n" * (size // 33),
    "rules": lambda size: "-----\n" * (size // 6),
    "numbers": lambda size: (("1" * 9 + " ") * 30 + ":\n") * (size // 302),
    "titled rules": lambda size: "-----Original-\n" * (size // 15),
    "prefixes": lambda size: "> " * (size // 2),
    "quote and text": lambda size: "On 12 May 2022 at 10:15 a@b.example wrote:\n" + "> a\nb\n" * (size // 6),
    "quote and footer": lambda size: (
        "On 12 May 2022 at 10:15 a@b.example wrote:\n" + "> a\n\nSent from my iPhone\n" * (size // 24)
    ),
    "footers": lambda size: "Sent from my iPhone\n--\n" * (size // 23),
    "notices": lambda size: (
        "confidential e-mail, recipient, delete, copy, in error, by mistake and so on\n\n" * (size // 78)
    ),
    "digits": lambda size: "+1 " * (size // 3),
    "empty lines": lambda size: "\n" * size,
    "fences": lambda size: "```\n" * (size // 4),
    "wide": lambda size: "：١٢：\n" * (size // 5),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_the_work_grows_with_the_size_and_no_faster(make: Callable[[int], str]) -> None:
    small, large = (lines_run(partial(split, make(size))) for size in (10_000, 20_000))
    assert large < 2.2 * small + 100


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_is_split(make: Callable[[int], str]) -> None:
    with no_hang():
        split(make(1_000_000))
