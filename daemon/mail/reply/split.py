"""Split the text of a reply into what the person wrote, what is quoted, and the signature.

Policy: cut what a program or a company added (announced quotes, signatures below a delimiter, device footers, contact
blocks, legal notices) and keep what a person typed: closings and names, manual quotes, and forwarded email.
Nothing is cut if answers are between quoted lines, or if nothing would be left. The whole text is stored in any case.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from daemon.mail.reply.attribution import separate_attributions
from daemon.mail.reply.quote import Head, HeadKind, announces_inside, find_head
from daemon.mail.reply.signature import cut_signature
from daemon.mail.text.line import has_date, is_quoted, plain

_MAX_LINES: Final = 4000
_WRAP_WIDTH: Final = 72
_LONG_QUOTE: Final = 4
_MAX_BELOW_TITLE: Final = 8
_SIGNED: Final = re.compile(r"[-_\u2014~]{1,40}.{0,30}")
_INITIALS: Final = re.compile(r"[A-Z][A-Za-z]{0,3}>")


@dataclass(frozen=True, slots=True)
class Reply:
    """The parts of a reply.

    `new` is the whole text if nothing was cut; `inline` means that it contains quotes with answers between them.
    """

    new: str
    quoted: str
    signature: str
    inline: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of one kind: "new", "announced" (an announcement with its quote) or "bare" (a quote without one).

    The first `head` lines announce the quote.
    """

    kind: str
    lines: Sequence[str]
    head: int = 0


def split(text: str) -> Reply:
    r"""Split a body with "\n" line ends.

    Only the first 4,000 lines are searched; the rest belongs to the part in which they end.
    """
    lines = separate_attributions(text).split("\n", _MAX_LINES)
    reply = _split(lines)
    untouched = not (reply.quoted or reply.signature)
    return Reply(text, "", "", reply.inline) if untouched or not reply.new.strip() else reply


def new_text(text: str) -> str:
    """Return the text that the person wrote."""
    return split(text).new


def _split(lines: Sequence[str]) -> Reply:
    """Split lines; `new` is empty if everything is quote or signature."""
    found = chunks(lines)
    if found is None:
        return _whole(lines, inline=False)
    head = next((i for i, chunk in enumerate(found) if chunk.kind == "announced"), len(found))
    before, after = found[:head], found[head:]
    if not after:
        return _without_announcement(before)
    answers = list(islice((i for i, chunk in enumerate(after) if chunk.kind == "new" and _written(chunk.lines)), 2))
    if len(answers) > 1 or (answers and _quotes(after[answers[0] :])):
        return _whole(lines, inline=True)
    return _assemble(before, after, inline=False)


def _without_announcement(found: list[Chunk]) -> Reply:
    """Cut the signature below a bare quote and, if it is long, the quote; keep a quote with an answer below it."""
    last = len(found)
    while last > 1 and not (found[last - 1].kind == "new" and _written(found[last - 1].lines)):
        last -= 1
    if last < len(found) and found[last].kind == "bare" and not _is_program_quote(found[last - 1], found[last]):
        last += 1
    keep = found[:last]
    return _assemble(keep, found[last:], inline=any(chunk.kind == "bare" for chunk in keep[:-1]))


def _is_program_quote(above: Chunk, quote: Chunk) -> bool:
    """Return whether a program, not a person, added the last quote without announcement (a person may paste a log)."""
    lines = [plain(line) for line in quote.lines[: _LONG_QUOTE + 1]]
    if announces_inside(lines, 0, len(lines)):
        return True
    introduced = next((line for line in reversed(above.lines) if line.strip()), "").rstrip().endswith(":")
    return above.kind == "new" and not introduced and len(quote.lines) >= _LONG_QUOTE


def _assemble(before: list[Chunk], after: list[Chunk], *, inline: bool) -> Reply:
    written = [line for chunk in before for line in chunk.lines]
    cut = cut_signature(written)
    new, signature, quoted = written[:cut], written[cut:], list[str]()
    for chunk in after:
        if chunk.kind == "new":
            cut = cut_signature(chunk.lines, whole=True)
            new += chunk.lines[:cut]
            signature += chunk.lines[cut:]
        else:
            quoted += chunk.lines
    return Reply(_join(new), _join(quoted), _join(signature), inline)


def _whole(lines: Sequence[str], *, inline: bool) -> Reply:
    return Reply("\n".join(lines), "", "", inline)


def _join(lines: Sequence[str]) -> str:
    written = [at for at, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[written[0] : written[-1] + 1]) if written else ""


def _written(lines: Sequence[str]) -> bool:
    """Return whether lines below a quote contain text of the person, not only a signature."""
    return any(line.strip() for line in lines[: cut_signature(lines, whole=True)])


def _quotes(found: list[Chunk]) -> bool:
    """Return whether there are bare quotes with text; the signature of the quoted email does not count."""
    lines = [line.lstrip("> \t") for chunk in found if chunk.kind == "bare" for line in chunk.lines]
    return any(line and not _SIGNED.fullmatch(line) for line in lines[: cut_signature(lines, whole=True)])


def chunks(lines: Sequence[str], *, forwards: bool = True) -> list[Chunk] | None:
    """Split the lines into chunks, in order, that together have all lines.

    Returns None for a forwarded email; without `forwards`, such an email counts as text of the person.
    """
    texts = [plain(line) for line in lines]
    fenced = _fenced(lines)
    found: list[Chunk] = []
    at = start = 0
    while at < len(lines):
        head = None if at in fenced else find_head(texts, at)
        if head and head.kind is HeadKind.FORWARD:
            if forwards:
                return None
            head = None
        if head is None and (at in fenced or not is_quoted(texts[at])):
            at += 1
            continue
        begin = max(head.start, start) if head else at
        below = _announcement_end(texts, head) if head else at
        at = _quote_end(texts, below) if head else _prefixed_end(texts, at, "")
        found += [Chunk("new", lines[start:begin])] if begin > start else []
        found.append(Chunk("announced", lines[begin:at], below - begin) if head else Chunk("bare", lines[begin:at]))
        start = at
    return [*found, Chunk("new", lines[start:])] if start < len(lines) else found


def _announcement_end(lines: Sequence[str], head: Head) -> int:
    """Return the end of an announcement: eM Client, Zimbra and Proton write author and date below a title.

    eM Client writes labels without a colon.
    """
    if head.kind is not HeadKind.HEADERS or head.end - head.start > 1:
        return head.end
    limit = min(head.end + _MAX_BELOW_TITLE, len(lines))
    end = next((i for i in range(head.end, limit) if not lines[i] or is_quoted(lines[i])), head.end)
    return end if any("@" in line or has_date(line) for line in lines[head.end : end]) else head.end


def _quote_end(lines: Sequence[str], at: int) -> int:
    """Return the end of an announced quote: after its prefixed lines, or the end of the text if it has no prefix."""
    first = next((i for i in range(at, len(lines)) if lines[i]), None)
    if first is None:
        return len(lines)
    if is_quoted(lines[first]):
        return _prefixed_end(lines, first, "")
    initials = _INITIALS.match(lines[first])  # The Bat! and Gnus put them before the ">".
    return _prefixed_end(lines, first, initials.group()) if initials else len(lines)


def _prefixed_end(lines: Sequence[str], at: int, initials: str) -> int:
    end = at
    for i in range(at, len(lines)):
        if is_quoted(lines[i]) or (initials and lines[i].startswith(initials)) or _wrapped(lines, i):
            end = i + 1
        elif lines[i]:
            break
    return end


def _wrapped(lines: Sequence[str], at: int) -> bool:
    """Return whether a line is the wrapped rest of a quoted line, as in Gmail's plain text."""
    line = lines[at]
    if not line[:1].islower() or not is_quoted(lines[at - 1]) or at + 1 >= len(lines) or not is_quoted(lines[at + 1]):
        return False
    return len(lines[at - 1]) + 1 + len(line.split(None, 1)[0]) >= _WRAP_WIDTH


def _fenced(lines: Sequence[str]) -> set[int]:
    """Return the indexes of lines in code fences; an unclosed fence does not count."""
    fences = [at for at, line in enumerate(lines) if "```" in line and line.lstrip().startswith("```")]
    return {at for first, last in zip(fences[::2], fences[1::2], strict=False) for at in range(first, last + 1)}
