"""Read the original email from a forward, in the forms that mail programs give it: inline, or attached as an email.

An inline forward has a line such as "---------- Forwarded message ---------" or a header block alone, in any language
that `phrases` knows. What is not certain is refused: nobody's address is guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.mail.address import canonical
from daemon.mail.message import Address, Message
from daemon.mail.mime.parse import parse_attached
from daemon.mail.reply.header_block import LABELS_NEEDED, label_of
from daemon.mail.reply.local_date import read_local_date
from daemon.mail.reply.phrases import FORWARD_PARTS, LABELS, ORIGINAL_PARTS
from daemon.mail.text.line import COLONS, WIDE_COLON, fold, is_quoted, next_text, plain

_MAX_LINES: Final = 2000
_MAX_BLOCK: Final = 24
_MAX_PREFIX: Final = 40
_MAX_TITLE: Final = 300
_DASHES: Final = r"=_\u2010\u2012\u2013\u2014\u2500\-"
_RULED: Final = re.compile(rf"[{_DASHES}]{{2,}}\s?(.{{4,200}}?)\s?[{_DASHES}]{{2,}}")
_RULE: Final = re.compile(rf"[{_DASHES}]{{5,}}")
_QUOTE: Final = re.compile(r"[ \t]{0,3}> ?")
_ROW: Final = re.compile(r"\|\s*([^|\s]{1,20})\s*\|\s*([^|]{1,300}?)\s*\|")
_COLON: Final = re.compile(rf"[:{WIDE_COLON}]")
# Outlook and Notes repeat an address as its link: "ann@x.example<mailto:ann@x.example>".
_LINK: Final = re.compile(r"mailto:\s*", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,190}")
# What programs write before the subject of a forward. "VS:" is missing: it is a forward in Danish, a reply in Finnish.
_SUBJECT: Final = re.compile(
    r"\s*(?:fwd?|wg|tr|trans|rv|reenv|enc|i|inoltro|doorst|fs|vb|vl|pd|podaj dalej|továbbítás|tov|ilt|πρθ|нхг|"
    rf"転送|转发|轉寄|轉發|전달|הועבר|إعادة توجيه)\s?[:{WIDE_COLON}]",
    re.IGNORECASE,
)
_ENGLISH: Final = frozenset({"from"})
_OTHER: Final = "other"


class ForwardError(ValueError):
    """No original email can be read for certain; the message is a sentence for the person who forwarded it."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """An email that somebody forwarded, as if it had come directly.

    The part numbers of its attachments are those in the email that brought it. `above` is what the person who
    forwarded it wrote.
    """

    original: Message
    above: str


@dataclass(frozen=True, slots=True)
class _Block:
    """The header lines of an inline forward: the value of each kind of label, and the index of the line after them."""

    fields: dict[str, str]
    end: int
    in_english: bool

    @property
    def is_header(self) -> bool:
        """Say whether it is the header of an email, without a line that announces it."""
        return (
            "from" in self.fields
            and len(self.fields) >= LABELS_NEEDED
            and bool(self.fields.keys() & {"date", "sent", "subject"})
        )


def is_forward(message: Message) -> bool:
    """Return whether somebody forwarded an email rather than replied to it: its subject, or else its form shows it."""
    if _SUBJECT.match(message.subject[:_MAX_PREFIX]):
        return True
    if message.in_reply_to or message.references:
        return False
    return bool(_emails(message)) or any(map(_announces_forward, message.text.split("\n")[:_MAX_LINES]))


def _announces_forward(line: str) -> bool:
    titled = _RULED.fullmatch(plain(line[:_MAX_TITLE]))
    return titled is not None and any(part in fold(titled[1]) for part in FORWARD_PARTS)


def read_forward(message: Message, raw: bytes, text: str) -> Forwarded:
    """Return the original of a forward; `text` is the text of the email below its commands. Raises ForwardError."""
    attached = [file.part for file in message.attachments if file.part in _emails(message)]
    if len(attached) > 1:
        raise ForwardError("Several emails are attached. Forward them one by one.")
    if attached:
        original = parse_attached(raw, attached[0])
        if original is None:
            raise ForwardError("The attached email cannot be read.")
        return Forwarded(original, text.strip())
    return _inline(message, text.split("\n"))


def _emails(message: Message) -> frozenset[int]:
    return frozenset(part.index for part in message.parts if part.content_type in {"message/rfc822", "message/global"})


def _inline(message: Message, lines: Sequence[str]) -> Forwarded:
    for index in range(min(len(lines), _MAX_LINES)):
        start = _start_of_header(lines, index)
        if start is None:
            continue
        # The rest of the email is read once only: every line may look like the start of a header.
        head = [plain(line.replace("&nbsp;", " ")) for line in _unquoted(lines[start : start + _MAX_BLOCK])]
        block = _read_block(_with_colons(head) if start != index else head)
        if block.is_header or (start != index and "from" in block.fields):
            body = _unquoted(lines[start:])[block.end :]
            # Zoho draws the line that announces the forward below the header again.
            repeated = start != index and body and plain(body[0]) == plain(lines[index])
            return Forwarded(_original(message, block, body[1:] if repeated else body), _above(lines[:index]))
    raise ForwardError("No forwarded email was found in it. Forward the email again as an attachment.")


def _with_colons(lines: Sequence[str]) -> list[str]:
    """Return header lines with a colon after each label: eM Client has none, NetEase writes a table with bars."""
    end = next((at for at, line in enumerate(lines) if not line), len(lines))
    head = [_with_colon(line) for line in lines[:end]]
    labels = {_kind(line) for line in head} - {""}
    return [*head, *lines[end:]] if len(labels) >= LABELS_NEEDED else list(lines)


def _with_colon(line: str) -> str:
    label, _, value = line.partition(" ")
    if row := _ROW.fullmatch(line):
        label, value = row[1], row[2]
    return f"{label}: {value}" if fold(label) in LABELS else line


def _above(lines: Sequence[str]) -> str:
    """Return what stands above a forward, without the rule between them."""
    above = "\n".join(lines).rstrip()
    text, _, last = above.rpartition("\n")
    return (text if _RULE.fullmatch(last) else above).strip()


def _start_of_header(lines: Sequence[str], index: int) -> int | None:
    """Return where a header begins: below a line that announces a forward, or at a label for the author."""
    line = plain(lines[index]).lstrip("> ")
    if not line:
        return None
    if LABELS.get(label_of(line)) == "from":
        return index
    titled = _RULED.fullmatch(line)
    if titled is None and not line.endswith(COLONS):
        return None
    words = fold(titled[1] if titled else line)
    if not any(part in words for part in (*FORWARD_PARTS, *ORIGINAL_PARTS)):
        return None
    below = next_text([plain(one).lstrip("> ") for one in lines[index : index + 4]], 1)
    return None if below is None else index + below


def _unquoted(lines: Sequence[str]) -> Sequence[str]:
    """Return lines without their first quote prefix if the forward is quoted, as some programs write it."""
    if not is_quoted(lines[0]):
        return lines
    return [_QUOTE.sub("", line, count=1) for line in lines]


def _read_block(lines: Sequence[str]) -> _Block:
    """Read header lines. A value may be wrapped; HTML leaves empty lines between them, until all kinds are there."""
    fields: dict[str, str] = {}
    end, last, english = 0, "", False
    for at, line in enumerate(lines):
        if not line:
            if _is_complete(fields) or not (_label_comes(lines, at + 1, fields) or not fields.get(last)):
                break
            continue
        kind = _kind(line)
        if kind and (kind == _OTHER or kind not in fields):
            last = kind
            fields[kind] = _COLON.split(line, maxsplit=1)[1].strip(" \t*")
            english = english or (kind == "from" and label_of(line) in _ENGLISH)
        elif last and _continues(lines, at, fields[last], last):
            fields[last] = f"{fields[last]} {line}".strip()
        else:
            break
        end = at + 1
    return _Block(fields, end, english)


def _kind(line: str) -> str:
    label = label_of(line)
    found = LABELS.get(label, _OTHER if label in {"message-id", "references", "in-reply-to", "mime-version"} else "")
    return "date" if found == "sent" else found


def _is_complete(fields: dict[str, str]) -> bool:
    return {"from", "date", "subject", "to"} <= fields.keys() and all(fields[kind] for kind in ("from", "subject"))


def _label_comes(lines: Sequence[str], at: int, fields: dict[str, str]) -> bool:
    """Say whether the next line with text is a header that is still missing."""
    line = next((one for one in lines[at : at + 2] if one), "")
    return bool(fields) and bool(line) and _kind(line) not in {"", *fields}


def _continues(lines: Sequence[str], at: int, value: str, kind: str) -> bool:
    """Say whether a line without label belongs to the value above it, and is not the first of the body."""
    following = lines[at + 1] if at + 1 < len(lines) else ""
    if not value or value.endswith((",", ";")) or (kind == "from" and "@" not in value and "@" in lines[at]):
        return True
    return bool(following) and bool(_kind(following))


def _original(message: Message, block: _Block, body: Sequence[str]) -> Message:
    date = block.fields.get("date", "")
    return replace(
        message,
        message_id="",
        subject=block.fields.get("subject", message.subject),
        date=read_local_date(date, month_first=block.in_english),
        from_=(_author(block.fields["from"]),),
        sender=(),
        reply_to=(),
        to=(),
        cc=(),
        in_reply_to=(),
        references=(),
        text=_text(body),
        # The header is that of the email that brought it, such as the language of the member.
        headers={},
        trace=(),
    )


def _author(value: str) -> Address:
    """Return the author; an address is read only if the line has exactly one, whatever the name says."""
    text = _LINK.sub("", value[:1000])
    found = {
        address.lower(): address for written in _ADDRESS.findall(text) if (address := canonical(written.rstrip(".")))
    }
    name = " ".join(_ADDRESS.sub("", text).split()).strip("<>[]()\"'; ")
    return Address(name, next(iter(found.values())) if len(found) == 1 == len(_different(text)) else None)


def _different(text: str) -> frozenset[str]:
    """Return everything in a line that may be an address, also what is none."""
    return frozenset(word.strip("<>()[]\"',;:.").lower() for word in re.split(r"[\s<>]+", text) if "@" in word)


def _text(body: Sequence[str]) -> str:
    """Return the body without the empty lines around it, and the line by which mutt ends a forward."""
    lines = [*body]
    while lines and not lines[-1].strip():
        lines.pop()
    closing = _RULED.fullmatch(plain(lines[-1])) if lines else None
    if closing and any(part in fold(closing[1]) for part in FORWARD_PARTS):
        lines.pop()
    return "\n".join(lines).strip("\n").rstrip() + "\n"
