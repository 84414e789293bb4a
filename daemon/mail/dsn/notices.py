"""Read bounces written for people only: notices of mail systems that do not follow RFC 3464."""

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from daemon.mail.dsn.reason import Failure, diagnose, find_reason, find_status
from daemon.mail.dsn.report import find_address
from daemon.mail.phrase_table import split_phrases
from daemon.mail.reply.phrases import LABELS
from daemon.mail.text.line import WIDE_PUNCTUATION

_MAX_TEXT: Final = 65_536
_MAX_LINES: Final = 400
_MAX_LINE: Final = 400
_MAX_RECIPIENTS: Final = 100
_NEAR: Final = 12

# How the line begins, without dashes, at which the notice ends and the returned message starts.
_RETURNED: Final = split_phrases(
    "below this line is a copy; below the next line is a copy; below is a copy; this is a copy of; here is a copy of",
    "a copy of the original message; a copy of the message; attachment is a copy; included is a copy",
    "original message follows; original message headers; message headers follow; message header follows",
    "unsent message follows; returned message; returned mail; the header of the original message; the header and top",
    "forwarded message; bounced e-mail; your message reads",
    "message removed",
)
_HEADER = re.compile(r"(?:Received|Return-Path|X-Received|DKIM-Signature|X-Original-To)[ \t]{0,4}:", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"[-=*]{2,40} {0,4}original message {0,4}[-=*:]{0,40}$|[-\s]{0,8}the first \d{1,4} lines of", re.IGNORECASE
)

# An address at the start of a line, as in lists of failed recipients: "<a@b>:", "  a@b", "* a@b", "[a@b]: 550 ...".
_PLAIN: Final = rf"[^\s<>;:,\"()\[\]@={WIDE_PUNCTUATION}]"
_LISTED = re.compile(rf"[\s>*•\-\[<\"'`]{{0,80}}(?:SMTP:|mailto:)?({_PLAIN}{{1,64}}@{_PLAIN}{{1,255}})(.{{0,400}})")
_AFTER_LISTED = re.compile(
    r"\s*$|<mailto:|[>:;,\])\"'`.]|\.\.\.|\s+(?:on\b|\(|<|\[|-|was\b|is\b|invalid\b|:)", re.IGNORECASE
)

_LONG_LABEL: Final = 5  # "to" and "an" are words of sentences
_CJK: Final = "\u2e80"

# Text before a failed recipient on the same line.
_ANNOUNCED: Final = split_phrases(
    "undeliverable to; undeliverable address; deliver your message to; deliver message to; deliver mail to",
    "delivering your mail to; delivered to; delivre a; deliver to; delivery failed; delivery to",
    "did not reach the following recipient; failed recipient; final delivery userid; unknown user; allowed size",
    "mailbox is full; originally addressed to; addressed to; local mailbox; your message to; target mail address",
    "smtp=; smtp:; recipient:; to this address; ihre nachricht an; ihre e-mail an; votre message à; message envoyé à",
    "su mensaje a; su mensaje para; messaggio inviato a; messaggio a; sua mensagem para; a sua mensagem a",
    "收件人; your mail to; your email to; your e-mail to",
    "uw bericht aan; wiadomości do; wiadomość do; meddelandet till; meddelande till; meddelelse til; melding til",
) + tuple(f"{label}:" for label, kind in LABELS.items() if kind == "to" and (len(label) >= _LONG_LABEL or label > _CJK))
_USER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DELAYED_SUBJECTS: Final = ("warning", "delay")
_DELAYED: Final = split_phrases(
    "still being retried; not yet been delivered; will be retried; will continue to try",
    "has been postponed; retry for; advisory-only",
)


def notice_lines(text: str) -> list[str]:
    """Return the lines of a notice before the returned message, bounded in number and length."""
    kept: list[str] = []
    for line in text[:_MAX_TEXT].split("\n")[:_MAX_LINES]:
        if _starts_returned(line, after=bool(kept)):
            break
        if line.strip():
            kept.append(line[:_MAX_LINE])
    return kept


def is_delayed(subject: str, lines: list[str]) -> bool:
    """Return whether a notice without a report part says that the system is still trying to deliver."""
    if any(word in subject.lower() for word in _DELAYED_SUBJECTS):
        return True
    head = " ".join(lines[:_NEAR]).lower()
    return any(phrase in head for phrase in _DELAYED)


def bare_users(lines: list[str]) -> list[str]:
    """Return the local parts of recipients that a provider (AOL) lists without the domain."""
    for number, line in enumerate(lines):
        if "following recipients could not" in line.lower() and line.rstrip().endswith(":"):
            return [
                user.strip().lower() for user in lines[number + 1 : number + _NEAR] if _USER.fullmatch(user.strip())
            ]
    return []


def read_notice(lines: list[str], known: Collection[str], own: Collection[str], action: str) -> tuple[Failure, ...]:
    """Return the failures that a notice reports in prose.

    `known` are recipients from a header, for notices without a list. `own` are the addresses of the recipient of the
    notice; they are reported only if there are no others.
    """
    places = _located(lines, known, own)
    starts = sorted({line for line in places.values() if line is not None})
    whole = "\n".join(lines)
    return tuple(
        diagnose(address, action, None, _text_about(address, line, starts, lines), whole)
        for address, line in places.items()
    )


def text_about(addresses: Collection[str], lines: list[str]) -> dict[str, str]:
    """Return the text of a notice about each of these recipients."""
    places = dict(reversed([(address, number) for number, address in _listed(lines)])) if addresses else {}
    starts = sorted(places.values())
    return {address: _text_about(address, places.get(address), starts, lines) for address in addresses}


def _starts_returned(line: str, *, after: bool) -> bool:
    if not after:
        return False
    low = line.strip(" \t-=*_>").lower()
    return low.startswith(_RETURNED) or bool(_HEADER.match(line) or _ORIGINAL.match(line.strip()))


def _located(lines: list[str], known: Collection[str], own: Collection[str]) -> dict[str, int | None]:
    """Return each recipient with the number of the line that names it."""
    if listed := _others(_listed(lines), own):
        return listed
    return dict.fromkeys(known) or _others(_mentioned(lines), own)


def _others(found: Iterator[tuple[int, str]], own: Collection[str]) -> dict[str, int | None]:
    places: dict[str, int | None] = {}
    for number, address in islice(found, _MAX_RECIPIENTS):
        places.setdefault(address, number)
    return {address: line for address, line in places.items() if address not in own} or places


def _listed(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield addresses at the start of a line or after a phrase that announces one, with the line number."""
    before = ""
    for number, line in enumerate(lines):
        # Exim also names the sender: "A message sent by / <address> / could not be delivered".
        if not before.endswith("sent by") and (address := _opening(line) or _announced(line)):
            yield number, address
        before = line.rstrip()


def _opening(line: str) -> str:
    match = _LISTED.match(line)
    if not match or not (_AFTER_LISTED.match(match[2]) or find_status(match[2]) or find_reason(None, match[2])):
        return ""
    return match[1].strip(".'`*").lower()


def _announced(line: str) -> str:
    low = " ".join(line.lower().split()).replace(" :", ":").replace("\uff1a", ":")
    for phrase in _ANNOUNCED:
        if phrase in low and (address := find_address(low.partition(phrase)[2])):
            return address
    return ""


def _mentioned(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield addresses on a line with a reply code or the phrase of a refusal, as in transcripts of sessions."""
    for number, line in enumerate(lines):
        if (address := find_address(line)) and ("rcpt" in line.lower() or find_status(line) or find_reason(None, line)):
            yield number, address


def _text_about(address: str, line: int | None, starts: list[int], lines: list[str]) -> str:
    """Return the text about one recipient: the lines below its name, those that mention it, else all."""
    near: list[str] = []
    if line is not None:
        stop = next((start for start in starts if start > line), len(lines))
        near = lines[line : min(stop, line + _NEAR)]
    near += [other for other in lines if address in other.lower() and other not in near]
    text = "\n".join(near)
    return text if find_status(text) or find_reason(None, text) else "\n".join(lines)
