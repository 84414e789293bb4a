"""Options that several commands share, and the parsing of their values."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from getpass import getuser
from typing import Any, Final

import click

_SPAN: Final = re.compile(r"(\d{1,5})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MAX_LIMIT: Final = 10_000


class Since(click.ParamType[datetime]):
    """A time in the past: 2026-11-01, 2026-11-01T09:30, or 30d, 12h, 90m, 2w ago."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - the signature is the library's
        """Return the time in UTC."""
        if isinstance(value, datetime):
            return value
        if span := _SPAN.fullmatch(str(value)):
            return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date; write it like 2026-11-01, or 30d for thirty days ago", param, ctx)
        return at.astimezone(UTC)


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")(command)


def limit(default: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --limit."""
    return click.option(
        "--limit",
        type=click.IntRange(1, _MAX_LIMIT),
        default=default,
        show_default=True,
        metavar="N",
        help="Maximum number of rows.",
    )


def state(
    choices: Iterable[StrEnum], default: StrEnum, about: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --state: one of some states, in this order."""
    return click.option(
        "--state",
        type=click.Choice([str(choice) for choice in choices]),
        default=str(default),
        show_default=True,
        help=about,
    )


def since(about: str, default: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --since."""
    return click.option(
        "--since", type=Since(), default=default, show_default=bool(default), metavar="WHEN", help=about
    )


def actor(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --actor: the name that the event is recorded with."""
    return click.option(
        "--actor", default=_user, show_default="your user name", metavar="NAME", help="Name recorded as the actor."
    )(command)


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"
