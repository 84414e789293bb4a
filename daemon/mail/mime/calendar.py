"""Read the words of a meeting invitation (RFC 5545): summary, times, place and description; bounded."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from daemon.mail.text.html import html_to_text

CALENDAR_TYPES: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})

_MAX_TEXT: Final = 1 << 18
_MAX_EVENTS: Final = 5
_FOLD: Final = re.compile(r"\n[ \t]")
# A name, its parameters (their quoted values may hold a colon or semicolon), and the value.
_LINE: Final = re.compile(
    r'([A-Za-z0-9-]{1,40})((?:;[^;:="\n]{1,60}=(?:"[^"\n]{0,1000}"|[^";:\n]{0,1000})){0,20}):(.*)'
)
_TIMEZONE: Final = re.compile(r';tzid="?([^";:]{1,100})', re.IGNORECASE)
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z?))?")
_ESCAPED: Final = re.compile(r"\\([\\;,:nN\"])")
_COMPONENTS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_WORD: Final = re.compile(r"\w+")
_SAID: Final = 0.8


@dataclass(frozen=True, slots=True)
class Invitation:
    """The words of one event, each "" if it has none. `when` is one line such as "2026-11-30 10:00 - 10:30 (UTC)"."""

    summary: str = ""
    when: str = ""
    where: str = ""
    description: str = ""
    comment: str = ""

    def as_text(self) -> str:
        """Return the event as people read it."""
        facts = [f"{name}: {value}" for name, value in (("When", self.when), ("Where", self.where)) if value]
        blocks = (self.summary, "\n".join(facts), self.description, self.comment)
        return "\n\n".join(block for block in blocks if block)

    def words(self) -> str:
        """Return what a person wrote: not the time and place."""
        return f"{self.summary}\n{self.description}\n{self.comment}"


def read_invitations(text: str) -> list[Invitation]:
    """Return the events of a calendar part that have words, at most five; other components are skipped."""
    found: list[Invitation] = []
    for fields in _events(text[:_MAX_TEXT]):
        event = _invitation(fields)
        if event.words().strip() and event not in found:
            found.append(event)
        if len(found) >= _MAX_EVENTS:
            break
    return found


def is_reply(text: str) -> bool:
    """Return whether a calendar part answers an invitation (RFC 5546 section 3.2.3)."""
    return "\nmethod:reply" in f"\n{text[:4000].lower()}"


def says_as_much(text: str, event: Invitation) -> bool:
    """Return whether a text has nearly all words of an event, however they are laid out."""
    wanted = set(_WORD.findall(event.words().lower()))
    missing = wanted.difference(_WORD.findall(text.lower()))
    return len(missing) <= (1 - _SAID) * len(wanted)


def _events(text: str) -> Iterator[Mapping[str, tuple[str, str]]]:
    """Yield the fields of each event by upper-case name, as parameters and raw value; the first of a name counts."""
    fields: dict[str, tuple[str, str]] = {}
    open_components: list[str] = []
    for line in _FOLD.sub("", text).split("\n"):
        match = _LINE.match(line.strip("\r"))
        if not match:
            continue
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            open_components.append(value.strip().upper())
            fields = {} if open_components[-1] in _COMPONENTS else fields
        elif name == "END":
            if open_components and open_components.pop() in _COMPONENTS:
                yield fields
                fields = {}
        elif open_components and open_components[-1] in _COMPONENTS:
            fields.setdefault(name, (match[2], value))
    if fields:
        yield fields


def _invitation(fields: Mapping[str, tuple[str, str]]) -> Invitation:
    description = _text(fields, "DESCRIPTION")
    if not description and "X-ALT-DESC" in fields:
        description = html_to_text(_text(fields, "X-ALT-DESC")).strip()
    return Invitation(
        _one_line(_text(fields, "SUMMARY")),
        _when(fields),
        _one_line(_text(fields, "LOCATION")),
        description,
        _text(fields, "COMMENT"),
    )


def _text(fields: Mapping[str, tuple[str, str]], name: str) -> str:
    """Return a text value without its escapes (RFC 5545 section 3.3.11)."""
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], fields.get(name, ("", ""))[1]).strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _when(fields: Mapping[str, tuple[str, str]]) -> str:
    start, end = _time(fields, "DTSTART"), _time(fields, "DTEND") or _time(fields, "DUE")
    if not start:
        return end
    day, _, hour = end.partition(" ")
    until = hour if hour and start.startswith(day) else end
    shown = f"{start} - {until}" if until and end != start else start
    zone = _TIMEZONE.search(fields["DTSTART"][0])
    name = zone[1] if zone else "UTC" if fields["DTSTART"][1].strip().endswith("Z") else ""
    return f"{shown} ({name})" if name else shown


def _time(fields: Mapping[str, tuple[str, str]], name: str) -> str:
    match = _TIME.match(fields.get(name, ("", ""))[1].strip())
    if not match:
        return ""
    year, month, day, hour, minute, _ = match.groups()
    return f"{year}-{month}-{day} {hour}:{minute}" if hour else f"{year}-{month}-{day}"
