"""Recognise notices of gateways, carriers and virus scanners: bounces with neither a null sender nor a report."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from daemon.mail.dsn.notices import notice_lines, read_notice
from daemon.mail.dsn.reason import find_reason, find_status
from daemon.mail.message import Address, Message
from daemon.mail.reply.phrases import LABELS
from daemon.mail.senders import is_bounce_subject, is_mail_system
from daemon.mail.text.line import WIDE_PUNCTUATION

_ENOUGH: Final = 4
_MAX_TEXT: Final = 65_536
_HEAD: Final = 4000
_PLAIN: Final = rf"[^\s<>,;:\"'()\[\]={WIDE_PUNCTUATION}]"
_ADDRESS = re.compile(rf"{_PLAIN}{{1,64}}@{_PLAIN}{{1,255}}")
# The two ends of the returned email, in its header, in whatever language, or in the dialogue that a notice quotes.
_FIELD = re.compile(r"^[ \t>|*]{0,8}([^\s:][^:\uff1a\n]{0,30}?)[ \t\u3000]{0,20}[:\uff1a](.{1,400})", re.MULTILINE)
_KINDS: Final = {
    **LABELS,
    **dict.fromkeys(("return-path", "mail from", "sender", "envelope-from"), "from"),
    **dict.fromkeys(("rcpt to", "recipient", "recipients"), "to"),
}
# Virus scanners quote only these of the returned email.
_IDENTITY: Final = frozenset({"subject", "message-id"})
_HEADER = re.compile(
    r"\s{0,9}(?:received|return-path|from|to|subject|date|message-id|mime-version)[ \t]{0,20}:", re.IGNORECASE
)
FORWARDED = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|i|doorst)\s?:", re.IGNORECASE)
# The diagnostic of Exchange, which is the same in every language.
_EXCHANGE = re.compile(r"\bresolver\.\w{2,20}\.\w|#\s?<?[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}", re.IGNORECASE)
# What a person writes and a program does not: questions, the first person, greetings.
_PERSON = re.compile(
    r"\?(?:\s|$)|\b(?:i|i['\u2019](?:m|ve|ll|d)|my|ich|mein\w?|je|mon(?!,| [a-z]{3} \d)|yo|mi)\b"
    r"|^\s*(?:hi|hello|hey|hallo|dear (?!sender|user|customer)|guten tag|bonjour|hola)\b"
    r"|^\s*(?:thanks|thank you|regards|best|kind regards|cheers|gr(?:u|ü)(?:ß|ss)e|danke|merci)\b[ ,.!]*$",
    re.IGNORECASE | re.MULTILINE,
)
# Programs that speak of themselves as "I": qmail, Postfix, Exim, and whatever calls itself a mail system.
_PROGRAM = re.compile(
    r"\bthis (?:is the|message was (?:created|generated) (?:automatically )?by)"
    r".{0,40}(?:program|mail|server|gateway|relay)"
    r"|i'm afraid i wasn't able|i'm sorry to have to inform you|i could not deliver|i was unable to deliver",
    re.IGNORECASE,
)


def gateway_evidence(message: Message, has_failure_phrase: Callable[[], bool]) -> str:
    """Return why an email is the notice of a gateway, in a few words, or "".

    `has_failure_phrase` says whether its text has a phrase of bounces. No sign is enough alone: a customer may quote a
    refusal, or attach an email of ours. The signs that cost most are looked for last: nearly every email is ordinary.
    """
    system, returned = any(map(is_mail_system, message.from_)), _returned_email(message)
    if not (system or returned):
        return ""
    lines = notice_lines(message.text)
    notice = "\n".join(lines)[:_HEAD]
    personal = is_personal(notice)
    if personal and not any(map(_is_nameless_system, message.from_)):
        return ""
    status = find_status(notice)
    reasons = {
        "a reply code and its reason": bool(status and find_reason(status, notice)),
        "bounce subject": is_bounce_subject(message.subject),
        "bounce text": has_failure_phrase(),
        "diagnostic of Exchange": not personal and bool(_EXCHANGE.search(notice)),
    }
    named = any(reasons.values()) and _names_recipient(message, lines)
    if not any(reasons.values()) or not (returned > 1 or named):
        return ""
    signs = reasons | {"a failed recipient": named, "the returned email": returned, "from a mail system": system}
    return ", ".join(sign for sign, weight in signs.items() if weight) if sum(signs.values()) >= _ENOUGH else ""


def is_personal(text: str) -> bool:
    """Return whether a text has words that a person writes and a program does not."""
    return bool(_PERSON.search(text, 0, _HEAD)) and not _PROGRAM.search(text, 0, _HEAD)


def both_ends(message: Message) -> frozenset[str]:
    """Return the addresses in From and To, in lower case."""
    return frozenset((address.email or "").lower() for address in (*message.to, *message.from_))


def _is_nameless_system(address: Address) -> bool:
    """Return whether an address is that of a mail system, without the name of a person who reads its email."""
    return is_mail_system(address) and (not address.name or is_mail_system(replace(address, email=None)))


def _names_recipient(message: Message, lines: list[str]) -> bool:
    """Return whether a notice names a recipient that failed, other than the two ends of the notice itself."""
    ends = both_ends(message)
    failures = read_notice(lines, (), ends, "failed")
    return any(failure.address and failure.address not in ends for failure in failures)


def _returned_email(message: Message) -> int:
    """Return 2 if the email is attached or quoted that the reader of the notice sent to somebody else, 1 for another.

    A customer who answers quotes an email to the customer.
    """
    to = {(address.email or "").lower() for address in message.to} - {""}
    author = {(address.email or "").lower() for address in message.from_}
    found = 0
    for senders, recipients, is_quoted in _returned(message):
        if recipients & author or (is_quoted and not (senders and recipients)):
            continue
        found = max(found, 2 if senders & to else int(not is_quoted))
    return found


def _returned(message: Message) -> Iterator[tuple[set[str], set[str], bool]]:
    """Yield the senders and recipients of each email that is attached or quoted."""
    for part in message.parts:
        if part.embedded and "from" in part.headers:
            yield _in(part.headers["from"]), _in(part.headers.get("to", ())), False
        elif part.index and part.content_type.startswith("text/") and _HEADER.match(part.text):
            yield *_quoted_fields(part.text)[:2], False
    if "@" in message.text:
        senders, recipients, names_email = _quoted_fields(message.text)
        # People quote no Message-ID.
        yield senders, recipients, bool(recipients) or not names_email


def _quoted_fields(text: str) -> tuple[set[str], set[str], bool]:
    """Return the senders and recipients that the fields in a text name, and whether they name its Message-ID."""
    ends = {"from": list[str](), "to": list[str]()}
    labels = set[str]()
    for label, value in _FIELD.findall(text[:_MAX_TEXT]):
        name = label.casefold()
        if "@" in value and (kind := _KINDS.get(name)) in ends:
            ends[kind].append(value)
        if value.strip():
            labels.add(name)
    return _in(ends["from"]), _in(ends["to"]), labels >= _IDENTITY


def _in(values: tuple[str, ...] | list[str]) -> set[str]:
    return {address.strip(".").lower() for value in values for address in _ADDRESS.findall(value[:_HEAD])}
