"""Read the words of a meeting invitation (RFC 5545): summary, times, place and description; bounded."""

import quopri
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from daemon.mail.encoding.charset import decode
from daemon.mail.text.html import html_to_text

CALENDAR_TYPES: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar", "application/calendar"})

_MAX_TEXT: Final = 1 << 18
_MAX_EVENTS: Final = 5
_MAX_PARAMS: Final = 300
_FILE_NAMES: Final = (".ics", ".vcs")
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_BYTE_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_METHOD: Final = re.compile(r"^method[ \t]*:[ \t]*([a-z-]{1,20})", re.IGNORECASE | re.MULTILINE)
# vCalendar 1.0 has its own encoding of values, which old phones and Outlook use.
_ENCODED: Final = re.compile(r";(?:encoding=)?quoted-printable\b", re.IGNORECASE)
_CHARSET: Final = re.compile(r";charset=\"?([\w.:-]{1,40})", re.IGNORECASE)
# A name, its parameters (their quoted values may hold a colon or semicolon), and the value. Thunderbird writes the text
# as HTML into a parameter.
_LINE: Final = re.compile(
    r'([A-Za-z0-9-]{1,40})((?:;[^;:="\n]{1,60}(?:=(?:"[^"\n]*"|[^";:\n]{0,1000}))?){0,20})[ \t]{0,8}:(.*)'
)
# Google writes the HTML of its editor into a text.
_MARKUP: Final = re.compile(
    r"</?(?:p|br|b|i|u|a|ul|ol|li|div|span|strong|em|font|table|html|body|h[1-6]|html-blob)(?:\s[\w-]{1,20}=[^<>]{0,2000})?\s?/?>",
    re.IGNORECASE,
)
_LAYOUT: Final = re.compile(r"<(?:p|br|div|html|body)\b", re.IGNORECASE)
_RESPONSE: Final = re.compile(r';X-RESPONSE-COMMENT=(?:"([^"\n]{1,1000})"|([^";:\n]{1,1000}))', re.IGNORECASE)
_RICH: Final = ("X-ALT-DESC", "STYLED-DESCRIPTION")
_TIMEZONE: Final = re.compile(r';tzid="?([^";:]{1,100})', re.IGNORECASE)
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z?))?")
_ESCAPED: Final = re.compile(r"\\([\\;,:nN\"])")
_COMPONENTS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_WORD: Final = re.compile(r"\w+")
_LINK: Final = re.compile(r"https?://\S+")
_SAID: Final = 0.8
# So many words are a message, also beside the long text that a conference service adds.
_A_MESSAGE: Final = 8


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


def is_calendar(content_type: str, names: Collection[str]) -> bool:
    """Return whether a part is a calendar, also where only its name says so."""
    if content_type in CALENDAR_TYPES:
        return True
    is_vague = content_type == "text/plain" or content_type.startswith("application/")
    return is_vague and any(name.lower().endswith(_FILE_NAMES) for name in names)


def unfold(data: bytes) -> bytes:
    """Join folded lines; as bytes, because a fold may split a character (RFC 5545 section 3.1)."""
    return _BYTE_FOLD.sub(b"", data)


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


def method_of(text: str) -> str:
    """Return the method of a calendar part in lower case (RFC 5546), such as "request" or "reply"."""
    found = _METHOD.search(text[:4000])
    return found[1].lower() if found else ""


def says_as_much(text: str, event: Invitation) -> bool:
    """Return whether a text has nearly all words of an event, however they are laid out; links are not words."""
    wanted = set(_WORD.findall(_LINK.sub(" ", event.words().lower())))
    missing = wanted.difference(_WORD.findall(text.lower()))
    return len(missing) < _A_MESSAGE and len(missing) <= (1 - _SAID) * len(wanted)


def _events(text: str) -> Iterator[Mapping[str, tuple[str, str]]]:
    """Yield the fields of each event by upper-case name, as parameters and raw value; the first of a name counts."""
    fields: dict[str, tuple[str, str]] = {}
    open_components: list[str] = []
    for line in _lines(text):
        match = _LINE.match(line)
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


def _lines(text: str) -> Iterator[str]:
    """Yield the lines; one with a value in quoted-printable is joined to those that continue it."""
    open_line = ""
    for line in map(str.rstrip, _FOLD.sub("", text).split("\n")):
        if open_line:
            line = open_line[:-1] + line  # noqa: PLW2901
        if line.endswith("=") and _ENCODED.search(line, 0, _MAX_PARAMS):
            open_line = line
            continue
        open_line = ""
        yield line
    if open_line:
        yield open_line


def _invitation(fields: Mapping[str, tuple[str, str]]) -> Invitation:
    description = _without_markup(_text(fields, "DESCRIPTION"))
    if not description:
        rich = (html_to_text(_text(fields, name)).strip() for name in _RICH)
        description = next(filter(None, rich), "")
    return Invitation(
        _one_line(_text(fields, "SUMMARY")),
        _when(fields),
        _one_line(_text(fields, "LOCATION")),
        description,
        _text(fields, "COMMENT") or _note(fields),
    )


def _note(fields: Mapping[str, tuple[str, str]]) -> str:
    """Return what somebody wrote into the answer to an invitation, where Google Calendar keeps it."""
    found = _RESPONSE.search(fields.get("ATTENDEE", ("", ""))[0])
    return found[1] or found[2] if found else ""


def _text(fields: Mapping[str, tuple[str, str]], name: str) -> str:
    """Return a text value without its escapes (RFC 5545 section 3.3.11)."""
    params, value = fields.get(name, ("", ""))
    if _ENCODED.search(params):
        charset = _CHARSET.search(params)
        value = decode(quopri.decodestring(value.encode()), charset[1] if charset else "").replace("\r", "")
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def _without_markup(text: str) -> str:
    if not _MARKUP.search(text):
        return text
    return html_to_text(text if _LAYOUT.search(text) else text.replace("\n", "<br>")).strip()


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
