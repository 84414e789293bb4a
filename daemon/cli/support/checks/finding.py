"""The result of one check: ok, warn or fail, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    `temporary` marks a failure that may pass by itself, such as a server that cannot be reached.
    """

    state: State
    what: str
    text: str
    advice: str = ""
    temporary: bool = False


def ok(what: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(State.OK, what, text)


def warn(what: str, text: str, advice: str) -> Finding:
    """Return a warning."""
    return Finding(State.WARN, what, text, advice)


def fail(what: str, text: str, advice: str, *, temporary: bool = False) -> Finding:
    """Return a failure."""
    return Finding(State.FAIL, what, text, advice, temporary)
