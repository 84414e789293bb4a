"""The templates of the pages: everything from outside is escaped, and nothing that is not defined is shown."""

from datetime import datetime
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from daemon.text import length_of_time

UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


@cache
def environment() -> Environment:
    """Return the environment of the pages."""
    made = Environment(
        loader=PackageLoader("templates", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"age": age, "length_of_time": length_of_time, "moment": moment, "percent": percent, "size": size}
    return made


def age(at: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = (now - at).total_seconds()
    for length, unit in UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


def moment(at: datetime) -> str:
    """Return a time in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def percent(share: float | None) -> str:
    """Return a share as people read it."""
    return "-" if share is None else f"{share:.0%}"


def size(count: int) -> str:
    """Return a number of bytes in a unit that people read easily."""
    kilobytes = count / 1024
    if kilobytes < 1:
        return f"{count} bytes"
    return f"{kilobytes:.0f} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"  # noqa: PLR2004 - the next unit
