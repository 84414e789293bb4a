"""Find how a mail program announces a quote: attribution lines, header blocks, "Original Message" rules.

All lines must be `plain`. Every rule reads a bounded number of bounded lines, so the work is linear.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daemon.mail.reply.attribution import match_attribution
from daemon.mail.reply.header_block import LABELS_NEEDED, label_of, labels_follow, match_headers, match_notes
from daemon.mail.reply.phrases import FORWARD_PARTS, LABELS, ORIGINAL_PARTS
from daemon.mail.text.line import COLONS, MAX_LINE, WIDE_COLON, fold, is_quoted

_DASHES: Final = r"=\u2010\u2012\u2013\u2014\u2500\-"
_TITLED_RULE: Final = re.compile(rf"[{_DASHES}]{{2,}}([^{_DASHES}\d]{{4,60}})[{_DASHES}]{{2,}}")
# Announcements have a colon, a rule or a prefix, or end in a word for "wrote"; most lines have none of these.
_PLAIN_WORDS: Final = re.compile(rf"[^:{WIDE_COLON}>#_{_DASHES}]+(?:[_{_DASHES}][^:{WIDE_COLON}>#_{_DASHES}]+)*+")
_RULE: Final = re.compile(rf"[_{_DASHES}]{{5,}}")
_LABELS_ABOVE: Final = range(2, 5)
_OTHER_HELPDESK: Final = re.compile(r"##-.{8,120}-##")


class HeadKind(StrEnum):
    """Kind of announcement; what follows FORWARD is not a quote but the subject of the email."""

    ATTRIBUTION = "attribution"
    HEADERS = "headers"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Head:
    """An announcement: `lines[start:end]`."""

    start: int
    end: int
    kind: HeadKind


def find_head(lines: Sequence[str], index: int) -> Head | None:
    """Return the announcement that starts or ends at `lines[index]`, if any."""
    line = lines[index]
    if not line or len(line) > MAX_LINE:
        return None
    if _PLAIN_WORDS.fullmatch(line):
        notes = match_notes(lines, index)
        return Head(*notes, HeadKind.HEADERS) if notes else _attribution(lines, index)
    if is_quoted(line) and not _closes_address(lines, index):
        return Head(index, index + 1, HeadKind.FORWARD) if starts_forward(lines, index) else None
    if titled := _titled(lines, index):
        return titled
    if headers := match_headers(lines, index):
        return Head(*headers, HeadKind.FORWARD if _introduced(lines, headers[0]) else HeadKind.HEADERS)
    return _attribution(lines, index)


def _attribution(lines: Sequence[str], index: int) -> Head | None:
    found = match_attribution(lines, index)
    return Head(_labels_above(lines, found[0]), found[1], HeadKind.ATTRIBUTION) if found else None


def _labels_above(lines: Sequence[str], start: int) -> int:
    """Return where the recipient and subject begin that Yandex writes above an attribution, below a rule."""
    at = start
    while at and start - at < _LABELS_ABOVE.stop and LABELS.get(label_of(lines[at - 1])) in {"to", "subject", "other"}:
        at -= 1
    if start - at not in _LABELS_ABOVE:
        return start
    return at - 1 if at and _RULE.fullmatch(lines[at - 1]) else start


def announces_inside(lines: Sequence[str], start: int, end: int) -> bool:
    """Return whether a quote starts with its own announcement, as Apple Mail on a phone and Mail.ru write it."""
    inner = [line.lstrip("> ") for line in lines[start : min(end, start + 4)]]
    return any(find_head(inner, at) for at in range(len(inner)))


def starts_forward(lines: Sequence[str], index: int) -> bool:
    """Return whether a line says "forwarded message" and headers follow it."""
    line = lines[index].lstrip("> ")
    if not (line.endswith(COLONS) or _TITLED_RULE.fullmatch(line)):
        return False
    folded = fold(line)
    return any(part in folded for part in FORWARD_PARTS) and labels_follow(lines, index + 1, 1)


def _introduced(lines: Sequence[str], index: int) -> bool:
    """Return whether text such as "I got this:" introduces an email that a person pasted or forwarded with Outlook."""
    above = next((line for line in reversed(lines[max(index - 3, 0) : index]) if line), "")
    return above.endswith(COLONS) and not is_quoted(above)


def _closes_address(lines: Sequence[str], index: int) -> bool:
    """Return whether a line starts with the ">" of an address that Gmail wrapped before it."""
    above = lines[index - 1] if index else ""
    return above.rfind("<") > above.rfind(">") and not is_quoted(above) and lines[index].endswith(COLONS)


def _titled(lines: Sequence[str], index: int) -> Head | None:
    """Match "-----Original Message-----" of Outlook, Samsung, AOL, Zimbra, QQ, Proton in any language."""
    if starts_forward(lines, index):
        return Head(index, index + 1, HeadKind.FORWARD)
    if _OTHER_HELPDESK.fullmatch(lines[index]):
        return Head(index, index + 1, HeadKind.HEADERS)
    titled = _TITLED_RULE.fullmatch(lines[index])
    if titled is None:
        return None
    title = fold(titled.group(1))
    if any(part in title for part in ORIGINAL_PARTS) or labels_follow(lines, index + 1, LABELS_NEEDED):
        return Head(index, index + 1, HeadKind.HEADERS)
    return None
