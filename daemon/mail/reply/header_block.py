"""Match the header block of a quoted email, as Outlook, Exchange, Yahoo, Hotmail and Lotus Notes write it.

Lines must be `plain`.
"""

import re
from collections.abc import Sequence
from typing import Final

from daemon.mail.reply.phrases import LABELS
from daemon.mail.text.line import WIDE_COLON, fold, has_date, next_text

LABELS_NEEDED: Final = 3

_MAX_LINES: Final = 14
_BEFORE_COLON: Final = re.compile(rf"[^:{WIDE_COLON}]{{1,31}}(?=[:{WIDE_COLON}])")
_MAX_LABEL_WORDS: Final = 3
_LONGEST_LABEL: Final = 20
_RULE: Final = re.compile(r"[_=\u2010\u2012\u2013\u2014\u2500\-]{5,}")
_SUBJECT_PREFIX: Final = re.compile(r"\s*(?:re|aw|sv|fw|fwd|wg|tr|rv|antw|odp|ynt|vs|回复|答复)\s?:", re.IGNORECASE)
_RAW_HEADERS: Final = frozenset(
    {
        "received",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "return-path",
        "delivered-to",
    }
)


def match_headers(lines: Sequence[str], index: int) -> tuple[int, int] | None:
    """Return the range of a header block, including the rule above it, that starts at `index`.

    People also type "From:" and "To:" (a journey, a form), so a sent or subject line or an address is required; labels
    in an unknown language also require a rule above them. Raw headers that a person pasted are not a quote.
    """
    ruled = _RULE.fullmatch(lines[index]) is not None
    start = next_text(lines, index + 1) if ruled else index
    if start is None or (not ruled and label_of(lines[index]) not in LABELS):
        return None
    end, kinds, address = _read_block(lines, start)
    if len(kinds) < LABELS_NEEDED or kinds & _RAW_HEADERS or _raw_above(lines, index):
        return None
    known = "from" in kinds and kinds & {"date", "sent", "subject"}
    if (known and (address or kinds & {"sent", "subject"})) or (ruled and address):
        return index, end
    return None


def match_notes(lines: Sequence[str], index: int) -> tuple[int, int] | None:
    """Return the range of a header of Lotus Notes by its line "To": labels without colons stand above their values."""
    if not _is_label(lines[index], "to"):
        return None
    sent = next((at for at in range(index - 1, max(index - 4, -1), -1) if lines[at]), None)
    below = range(index + 1, min(index + _MAX_LINES, len(lines)))
    subject = next((at for at in below if _is_label(lines[at], "subject")), None)
    if sent is None or subject is None or not has_date(lines[sent]):
        return None
    return sent - bool(sent and lines[sent - 1]), min(subject + 2, len(lines))


def _is_label(line: str, kind: str) -> bool:
    return len(line) <= _LONGEST_LABEL and LABELS.get(fold(line)) == kind


def labels_follow(lines: Sequence[str], index: int, wanted: int) -> bool:
    """Return whether at least `wanted` header lines follow, quoted or not."""
    found = 0
    for line in lines[index : index + 8]:
        text = line.lstrip("> ")
        if text and not label_of(text):
            break
        found += bool(text)
    return found >= wanted


def label_of(line: str) -> str:
    """Return the text before the first colon if it looks like a header name, else ""."""
    before = _BEFORE_COLON.match(line)
    label = before[0].strip(" *_\t") if before else ""
    return fold(label) if label and label[0].isalpha() and len(label.split()) <= _MAX_LABEL_WORDS else ""


def _raw_above(lines: Sequence[str], index: int) -> bool:
    for line in reversed(lines[max(index - _MAX_LINES, 0) : index]):
        if not line:
            return False
        if label_of(line) in _RAW_HEADERS:
            return True
    return False


def _read_block(lines: Sequence[str], start: int) -> tuple[int, set[str], bool]:
    """Return the end of a run of header lines, their kinds (an unknown label is its own kind), and whether one has "@".

    A value may continue on one more line, a list of recipients on more; some HTML converters put an empty line between
    headers.
    """
    end, kinds, address, loose = start, set[str](), False, 0
    for at in range(start, min(start + _MAX_LINES, len(lines))):
        line = lines[at]
        label = label_of(line)
        kind = LABELS.get(label, label)
        if kind and _is_header(line, label):
            if kind in kinds and kind in {"from", "subject"}:
                break
            kinds.add(kind)
            end, loose = at + 1, 0
        elif loose and not lines[at - 1].endswith((";", ",")):
            break
        else:
            loose = 1
        address = address or "@" in line
    return end, kinds, address


def _is_header(line: str, label: str) -> bool:
    if label in LABELS or label in _RAW_HEADERS or "@" in line:
        return True
    return has_date(line) or _SUBJECT_PREFIX.match(line, len(label) + 1) is not None
