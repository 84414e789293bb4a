"""Read the arguments of commands: names by their unique prefix, times, references and addresses."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from daemon.mail.address import read_addresses
from daemon.mail.command_table import Argument
from daemon.mail.reference import find_references
from daemon.text import normalized

Value = str | timedelta | None

SHORTEST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(days=366)
_MAX_ARGUMENT: Final = 400
_NEAREST: Final = 3
_GAPS: Final = re.compile(r"[\s_-]+")
_NOT_CODE: Final = re.compile(r"[^A-Z0-9]")
# Mail programs write an address that they made a link as "ana@x.example <mailto:ana@x.example>".
_LINKED: Final = re.compile(r"\s*[<\[(]\s*mailto:[^<>\[\]()]*[>\])]")
_TIME: Final = re.compile(r"(?:\d{1,5} ?[a-z]{1,7} ?){1,4}")
_TIME_PART: Final = re.compile(r"(\d{1,5}) ?([a-z]{1,7})")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_UNITS: Final = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), timedelta(weeks=1)),
}


@dataclass(frozen=True, slots=True)
class CommandVocabulary:
    """The names that commands may use, as the settings spell them, and the prefix of references."""

    teams: tuple[str, ...]
    categories: tuple[str, ...]
    priorities: tuple[str, ...]
    reference_prefix: str


class ArgumentError(ValueError):
    """An argument is wrong; `nearest` are arguments that are near to it."""

    def __init__(self, message: str, nearest: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.nearest = tuple(nearest)


def read_argument(kind: Argument, text: str, vocabulary: CommandVocabulary) -> Value:
    """Return the value of an argument; raises ArgumentError."""
    if len(text) > _MAX_ARGUMENT:
        raise ArgumentError("the line is too long.")
    if kind is Argument.NONE:
        if text:
            raise ArgumentError("this command stands alone on its line; write text below it.")
        return None
    if kind is Argument.ANSWER and not text:
        return None
    return _READERS[kind](text, vocabulary)


def fold_name(text: str) -> str:
    """Return a name without case, accents and width, with single spaces for spaces, hyphens and underscores."""
    parts = normalized("NFKD", normalized("NFKD", text).casefold())
    return _GAPS.sub(" ", "".join(c for c in parts if not unicodedata.combining(c))).strip()


def choose(text: str, names: Sequence[str], kind: str) -> str:
    """Return the name that a text means: the same one, else the only one that begins with it.

    Raises ArgumentError with the nearest names.
    """
    if not text:
        raise ArgumentError(f"the name of the {kind} is missing.", names[:_NEAREST])
    wanted = fold_name(text)
    if text in names:
        return text
    found = [name for name in names if fold_name(name) == wanted]
    found = found or [name for name in names if wanted and fold_name(name).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ArgumentError(f"several names of a {kind} begin like this.", found[:_NEAREST])
    raise ArgumentError(f"there is no {kind} of this name.", nearest(wanted, names))


def nearest(wanted: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the three names that are most like a folded text, best first."""
    by_fold = {fold_name(name): name for name in reversed(names)}
    return tuple(by_fold[near] for near in get_close_matches(wanted[:64], list(by_fold), _NEAREST, cutoff=0.0))


def read_duration(text: str) -> timedelta:
    """Return a time such as 3d, 12h or "1d 12h"; raises ArgumentError."""
    folded = " ".join(normalized("NFKC", text).casefold().split())
    if not _TIME.fullmatch(folded):
        raise ArgumentError("write a time such as 3d, 12h or 2w.")
    total = timedelta()
    for number, unit in _TIME_PART.findall(folded):
        if unit not in _UNITS:
            raise ArgumentError("the units of time are min, h, d and w, such as 3d.")
        total += int(number) * _UNITS[unit]
    if not SHORTEST_WAIT <= total <= LONGEST_WAIT:
        raise ArgumentError("the time must be between 5 minutes and 366 days.")
    return total


def _reference(text: str, prefix: str) -> str:
    code = _NOT_CODE.sub("", normalized("NFKC", text).upper())
    body = code.removeprefix(prefix)
    found = find_references(f"{prefix}-{body}", prefix)
    if len(found) != 1 or _NOT_CODE.sub("", found[0]) != prefix + body:
        raise ArgumentError("write the reference of the ticket as it stands in the subject.")
    return found[0]


def _address(text: str) -> str:
    found = read_addresses(_LINKED.sub("", text).strip())
    if len(found) != 1 or not found[0].email:
        raise ArgumentError("write one address, such as ana@customer.example.")
    return found[0].email.lower()


def _number(text: str) -> str:
    digits = normalized("NFKC", text).strip().removeprefix("#")
    if not _DIGITS.fullmatch(digits):
        raise ArgumentError("write the number of the answer, such as 12.")
    return str(int(digits))


_READERS: Final[dict[Argument, Callable[[str, CommandVocabulary], Value]]] = {
    Argument.TIME: lambda text, _: read_duration(text),
    Argument.TEAM: lambda text, names: choose(text, names.teams, "team"),
    Argument.CATEGORY: lambda text, names: choose(text, names.categories, "category"),
    Argument.PRIORITY: lambda text, names: choose(text, names.priorities, "priority"),
    Argument.REFERENCE: lambda text, names: _reference(text, names.reference_prefix),
    Argument.ADDRESS: lambda text, _: _address(text),
    Argument.ANSWER: lambda text, _: _number(text),
}
