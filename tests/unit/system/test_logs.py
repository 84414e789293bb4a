"""Logs: one line per event, no secrets, and no failure when they cannot be written."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any, Literal, cast

import pytest
import structlog

from daemon.system import logs


class Broken:
    """A standard error whose disk is full, or whose reader has gone."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")

    def isatty(self) -> bool:
        return False


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    yield
    logs.configure("debug", "json")


@pytest.mark.usefixtures("fresh_logs")
def test_the_last_configuration_counts_for_loggers_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    # A logger kept the level of its first use.
    logs.configure("warning", "json")
    log = structlog.get_logger("test")
    log.info("left out")
    logs.configure("info", "json")
    log.info("written")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["written"]


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_that_cannot_be_written_raises_nothing(
    form: Literal["json", "console"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken())
    logs.configure("info", form)
    structlog.get_logger("test").error("the disk is full", exc_info=ValueError("x"))
    logging.getLogger("other").warning("the disk is full")


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_an_event_is_one_line_without_control_characters(
    form: Literal["json", "console"], capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", form)
    structlog.get_logger("test").info("mail accepted", subject="a\nb\x1b]0;title\u2028\x07\udcff")
    lines = capfd.readouterr().err
    assert len(lines.splitlines()) == 1
    assert "\x1b]" not in lines
    assert "\x07" not in lines


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("name", logs.QUIET)
def test_libraries_that_log_commands_and_bodies_are_silenced(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger(name).info("RCPT TO:<ann@customer.example>")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_has_no_values_of_variables(
    form: Literal["json", "console"], capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", form)
    password = "s3cret"  # whose value the message of the error repeats, and nothing else may
    try:
        int(password)
    except ValueError:
        structlog.get_logger("test").exception("login failed")
        logging.getLogger("other").exception("login failed")
    shown = capfd.readouterr().err
    assert "ValueError" in shown
    assert password not in shown.replace(f"invalid literal for int() with base 10: {password!r}", "")


class Lines:
    """A logger that keeps its events."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str, dict[str, object]]] = []

    def log(self, level: int, event: str, **fields: object) -> None:
        self.events.append((level, event, fields))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def time() -> list[float]:
    return [0.0]


@pytest.fixture
def limited(lines: Lines, time: list[float]) -> logs.RateLimitedLog:
    return logs.RateLimitedLog(cast(Any, lines), burst=2, seconds=60, now=lambda: time[0])


def test_a_flood_is_a_few_lines_and_the_next_says_how_many_were_left_out(
    limited: logs.RateLimitedLog, lines: Lines, time: list[float]
) -> None:
    for _ in range(1000):
        limited.warning("it failed", why="x")
    time[0] = 60.0
    limited.warning("it failed", why="y")
    limited.warning("it failed", why="z")
    assert lines.events == [
        (logging.WARNING, "it failed", {"why": "x"}),
        (logging.WARNING, "it failed", {"why": "x"}),
        (logging.WARNING, "it failed", {"why": "y", "left_out": 998}),
        (logging.WARNING, "it failed", {"why": "z"}),
    ]


def test_events_and_keys_are_limited_apart(limited: logs.RateLimitedLog, lines: Lines) -> None:
    for _ in range(9):
        limited.error("a", key="1")
        limited.error("a", key="2")
        limited.info("b")
    assert len(lines.events) == 6


def test_the_number_of_keys_is_bounded(limited: logs.RateLimitedLog, lines: Lines) -> None:
    for number in range(3 * logs.MAX_KEYS):
        limited.error("a", key=str(number))
    assert len(limited._windows) == logs.MAX_KEYS
    assert len(lines.events) == 3 * logs.MAX_KEYS
