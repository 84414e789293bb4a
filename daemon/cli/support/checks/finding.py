"""What a check finds: ok, warn or fail, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is: nothing, worth knowing, or in the way."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `temporary` marks a failure that may pass by itself: something is not reached."""

    state: State
    what: str
    text: str
    advice: str = ""
    temporary: bool = False


def ok(what: str, text: str) -> Finding:
    """Return that something is right."""
    return Finding(State.OK, what, text)


def warn(what: str, text: str, advice: str) -> Finding:
    """Return that something is worth knowing."""
    return Finding(State.WARN, what, text, advice)


def fail(what: str, text: str, advice: str, *, temporary: bool = False) -> Finding:
    """Return that something is in the way."""
    return Finding(State.FAIL, what, text, advice, temporary)
