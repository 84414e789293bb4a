"""Print results: tables on a terminal, tab-separated lines in a pipe, JSON with --json."""

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

import click

from daemon.text import shorten

Row = Mapping[str, Any]

# Characters that can move the cursor, change colours, or reorder or hide text: C0 (except tab and line feed), DEL, C1,
# line separators, bidirectional embeddings, overrides and isolates (UAX #9), lone surrogates, and tag characters.
_ACTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS: Final = re.compile(r"\r\n?")

STYLES: Final = {
    "Urgent": "bold red",
    "High": "yellow",
    "PENDING": "dim",
    "OPEN": "green",
    "WAITING": "cyan",
    "RESOLVED": "dim",
    "CLOSED": "dim",
    "SPAM": "dim",
    "MANUAL_REVIEW": "magenta",
    "parked": "bold red",
    "dead": "bold red",
    "failed": "bold red",
    "uncertain": "yellow",
    "dismissed": "dim",
    "suppressed": "yellow",
    "deferred": "yellow",
    "sent": "green",
    "done": "green",
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
}

# Columns that are wrapped on a narrow terminal, and their minimum width.
WRAPPED_COLUMNS: Final = frozenset({"subject", "reasons", "last_error", "error", "wrong", "text"})
MIN_WIDTH: Final = 20
GAP: Final = 3
# Columns that are left out, in this order, if the table is still too wide; --json has them all.
OPTIONAL_COLUMNS: Final = (
    *("confidence", "new_confidence", "created_at", "created", "requester", "category", "new_category"),
    *("due_at", "peer", "source", "ece", "macro_f1"),
)


class Bar(Protocol):
    """A progress bar. `length` may change when a better estimate is known."""

    length: int | None
    pos: int

    def update(self, n_steps: int) -> None:
        """Advance by a number of steps."""


def line(text: str, most: int = 500) -> str:
    """Return untrusted text as one harmless line of at most `most` characters.

    Unlike `daemon.text.harmless_line` it writes control characters as escapes: an admin should see that they are there.
    """
    flat = " ".join(_ACTIVE.sub(_escape, _LINE_ENDS.sub("\n", text[: 4 * most])).split())
    return shorten(flat, most)


def block(text: str, indent: str = "") -> str:
    """Return untrusted text as harmless lines, each indented."""
    clean = _ACTIVE.sub(_escape, _LINE_ENDS.sub("\n", text))
    return "\n".join(f"{indent}{row}".rstrip() for row in clean.split("\n"))


def hang(head: str, text: str, indent: int, *, err: bool = False) -> str:
    """Return `head` and `text`; on a terminal, long text is wrapped at words and indented by `indent` spaces.

    `err` is for text that goes to standard error.
    """
    if not (sys.stderr if err else sys.stdout).isatty():
        return head + text
    used = len(click.unstyle(head))
    lines = textwrap.wrap(
        "x" * used + text,
        shutil.get_terminal_size().columns,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return head + "\n".join(lines)[used:]


def number(count: int, noun: str) -> str:
    """Return a count with its noun, such as "1 attempt" or "2 attempts"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def emit(row: Row) -> None:
    """Print one JSON object on one line, in ASCII: it cannot contain control characters."""
    click.echo(json.dumps(row, default=_plain, ensure_ascii=True, allow_nan=False))


def listing(rows: Iterable[Row], columns: Sequence[str], *, as_json: bool) -> int:
    """Print rows and return their number. JSON has every key, a table only the columns."""
    if not as_json and sys.stdout.isatty():
        return _table(rows, columns)
    if not as_json:
        click.echo("\t".join(columns))
    count = 0
    for row in rows:
        count += 1
        if as_json:
            emit(row)
        else:
            click.echo("\t".join(cell(row.get(column)) for column in columns))
    return count


def facts(title: str, row: Row) -> None:
    """Print a heading and one line per entry."""
    heading(title)
    width = max(map(len, row), default=0)
    for name, value in row.items():
        click.echo(f"  {name:<{width}}  {styled(cell(value))}")


def heading(text: str) -> None:
    """Print a heading."""
    click.secho(line(text), bold=True)


def styled(text: str) -> str:
    """Colour a state or priority; click removes the colour in a pipe."""
    style = STYLES.get(text, "").split()
    colour = next((word for word in style if word not in {"bold", "dim"}), None)
    return click.style(text, fg=colour, bold="bold" in style or None, dim="dim" in style or None)


def cell(value: object) -> str:
    """Return a value as readable text on one harmless line."""
    match value:
        case None | "" | [] | ():
            text = "-"
        case datetime():
            text = moment(value)
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:.2f}"
        case list() | tuple():
            text = "; ".join(cell(item) for item in value)
        case dict():
            text = ", ".join(f"{cell(key)}: {cell(item)}" for key, item in value.items())
        case _:
            text = line(str(value))
    return text


def moment(at: datetime) -> str:
    """Return a time: local time on a terminal, UTC in a pipe."""
    if sys.stdout.isatty():
        return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def note(text: str) -> None:
    """Print one line that is not part of the result, on standard error."""
    click.echo(line(text), err=True)


def nothing(noun: str, state: str) -> None:
    """Say that nothing is in a state, and where the rest is, so that an empty list does not look like all."""
    note(f"no {state} {noun}; `triaged stats` counts the others, and --state lists them")


@contextmanager
def progress(label: str, length: int, *, hidden: bool = False) -> Iterator[Bar]:
    """Show a progress bar if standard error is a terminal; `hidden` suppresses it."""
    hidden = hidden or not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden, show_pos=True) as bar:
        yield bar


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show that work is going on, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def _table(rows: Iterable[Row], columns: Sequence[str]) -> int:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console, texts = Console(), [{column: cell(row.get(column)) for column in columns} for row in rows]
    columns = _fitting(columns, texts, console.width)
    heads = (Column(column.replace("_", " "), no_wrap=column not in WRAPPED_COLUMNS) for column in columns)
    table = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False)
    for line_ in texts:
        table.add_row(*(Text(line_[column], style=STYLES.get(line_[column], "")) for column in columns))
    console.print(table)
    return table.row_count


def _fitting(columns: Sequence[str], texts: Sequence[Mapping[str, str]], width: int) -> list[str]:
    """Return the columns that fit into the terminal, without the least important ones."""
    widths = {column: max([len(column), *(len(text[column]) for text in texts)]) for column in columns}
    widths |= {column: min(width, MIN_WIDTH) for column, width in widths.items() if column in WRAPPED_COLUMNS}
    for column in OPTIONAL_COLUMNS:
        if sum(widths.values()) + GAP * len(widths) <= width:
            break
        widths.pop(column, None)
    return list(widths)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
