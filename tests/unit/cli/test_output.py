"""Untrusted text reaches a terminal only as plain text."""

from datetime import UTC, datetime

import pytest

from daemon.cli.support import output

HOSTILE = {
    "\x1b[31mred\x1b[0m": "\\x1b[31mred\\x1b[0m",
    "\x9b31m": "\\x9b31m",
    "a\x07\x08b": "a\\x07\\x08b",
    "\u202eexe.fdp": "\\u202eexe.fdp",
    "a\u2066b\u2069": "a\\u2066b\\u2069",
    "a\u2028b": "a\\u2028b",
    "a\x85b": "a\\x85b",
    "\ud800": "\\ud800",
    "\U000e0041": "\\U000e0041",
    "  many \t\n lines\r\n": "many lines",
    "עברית 日本語 👩\u200d💻": "עברית 日本語 👩\u200d💻",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_a_line_escapes_control_characters(text: str, shown: str) -> None:
    assert output.line(text) == shown


def test_a_line_is_cut() -> None:
    assert output.line("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_a_block_keeps_line_ends_and_tabs_only() -> None:
    assert output.block("one\r\n\ttwo\rthree\x1b", "  ") == "  one\n  \ttwo\n  three\\x1b"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        (True, "yes"),
        (0.125, "0.12"),
        (7, "7"),
        (["a", "b\x1b"], "a; b\\x1b"),
        ({"key": "value"}, "key: value"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "2026-03-02T12:00:00Z"),
    ],
)
def test_a_cell_is_one_harmless_line(value: object, shown: str) -> None:
    assert output.cell(value) == shown


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (200, ["reference", "category", "confidence", "subject", "requester"]),
        (75, ["reference", "category", "subject", "requester"]),
        (50, ["reference", "category", "subject"]),
        (40, ["reference", "subject"]),
        (5, ["reference", "subject"]),
    ],
)
def test_a_narrow_terminal_loses_the_least_important_columns_first(width: int, kept: list[str]) -> None:
    columns = ("reference", "category", "confidence", "subject", "requester")
    row = dict(zip(columns, ("HD-7K3Q-M9XY", "Payments", "0.97", "x" * 100, "ann@customer.example"), strict=True))
    assert output._fitting(columns, [row], width) == kept


def test_long_text_is_wrapped_at_words_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    assert output.hang("at noon  ", "one two three four", 4) == "at noon  one two\n    three four"


def test_long_text_stays_one_line_in_a_pipe() -> None:
    assert output.hang("at noon  ", "word " * 100 + "end", 4) == "at noon  " + "word " * 100 + "end"


@pytest.mark.parametrize(("count", "text"), [(0, "0 emails"), (1, "1 email"), (2, "2 emails")])
def test_a_number_has_its_noun_in_the_right_form(count: int, text: str) -> None:
    assert output.number(count, "email") == text
