"""Read reports about email that we sent: bounces, receipts, complaints."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from daemon.mail.dsn.evidence import bounce_evidence, is_complaint, is_ses_event, notice_of
from daemon.mail.dsn.gateway import both_ends
from daemon.mail.dsn.notices import bare_users, is_delayed, read_notice, text_about
from daemon.mail.dsn.parts import FEEDBACK, RECEIPT, attached_status, find_report, status_index, status_text
from daemon.mail.dsn.reason import Failure, diagnose, find_status
from daemon.mail.dsn.report import Fields, find_address, read_blocks, read_deliveries, recipient_of
from daemon.mail.message import Message
from daemon.text import domain_of

_MAX_TEXT: Final = 65_536
_MAX_RECIPIENTS: Final = 100
_MAX_SILENT: Final = 20
_MESSAGE_ID = re.compile(
    r"^[ \t>|]{0,8}(?:original-)?message-id[ \t]{0,8}:\s{0,8}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE
)
_TO = re.compile(r"\bto[ \t]{0,8}:[ \t]{0,8}([^\n]{1,500})", re.IGNORECASE)
_HEADERS: Final = "text/rfc822-headers"


@dataclass(frozen=True, slots=True)
class Dsn:
    """A report about an email that we sent.

    `kind` is "dsn" for a delivery report, "mdn" for a receipt (RFC 8098), "arf" for a complaint (RFC 5965).
    `failures` has one entry for each recipient; `original_message_id` has its angle brackets, or is "". A
    report proves nothing about its sender: the caller must verify that the Message-ID is ours.
    """

    kind: Literal["dsn", "mdn", "arf"]
    failures: tuple[Failure, ...]
    original_message_id: str

    @property
    def recipients(self) -> tuple[str, ...]:
        """Addresses that the report is about, in lower case, without duplicates."""
        return tuple(dict.fromkeys(failure.address for failure in self.failures if failure.address))

    @property
    def status(self) -> str | None:
        """First status, such as "5.1.1" (RFC 3463)."""
        return next((failure.status for failure in self.failures if failure.status), None)

    @property
    def permanent(self) -> bool:
        """Whether no recipient can ever be reached."""
        return bool(self.failures) and all(failure.permanent for failure in self.failures)

    @property
    def delayed(self) -> bool:
        """Whether the system is still trying to deliver."""
        return any(failure.action == "delayed" for failure in self.failures)

    @property
    def action(self) -> str:
        """What happened to the first recipient (RFC 3464 section 2.3.3), or ""."""
        return self.failures[0].action if self.failures else ""

    @property
    def diagnostic(self) -> str:
        """Answer of the server, shortened."""
        return next((failure.diagnostic for failure in self.failures if failure.diagnostic), "")


def read_dsn(message: Message, *, null_sender: bool = False) -> Dsn | None:
    """Return the content of a report, or None for other email (RFC 3464, 8098, 5965, and notices of mail systems).

    `null_sender` means that the envelope sender was `<>`; the headers need not show it.
    """
    if is_complaint(message):
        return Dsn("arf", _complaints(message, find_report(message, FEEDBACK)), _original_id(message))
    if (receipt := find_report(message, RECEIPT)) and not status_text(message):
        return _receipt(message, receipt)
    if not bounce_evidence(message, null_sender=null_sender):
        return None
    return Dsn("dsn", _failures(message), _original_id(message))


def _failures(message: Message) -> tuple[Failure, ...]:
    if is_ses_event(message):
        return _ses_failures(message.text)
    lines = notice_of(message)
    notice = "\n".join(lines)
    reported = read_deliveries(status_text(message) or attached_status(message) or notice, notice)
    if any(failure.address for failure in reported):
        return _with_notice_text(reported, lines)
    action = reported[0].action if reported else "delayed" if is_delayed(message.subject, lines) else "failed"
    failures = () if bare_users(lines) else read_notice(lines, _header_recipients(message), both_ends(message), action)
    return failures or tuple(
        diagnose(address, action, None, notice) for address in _returned_recipients(message, lines)
    )


def _with_notice_text(reported: tuple[Failure, ...], lines: list[str]) -> tuple[Failure, ...]:
    """Return the failures, with the text of the notice where the report has neither text nor a specific status."""
    silent = [f.address for f in reported if not (f.reason or f.diagnostic) and f.action in {"failed", "delayed"}]
    words = text_about(silent[:_MAX_SILENT], lines)
    return tuple(
        diagnose(f.address, f.action, f.status, words[f.address]) if f.address in words and not f.reason else f
        for f in reported
    )


def _header_recipients(message: Message) -> tuple[str, ...]:
    """Return the recipients from the header that Exim and Gmail write."""
    values = ",".join(message.headers.get("x-failed-recipients", ()))[:_MAX_TEXT]
    return tuple(dict.fromkeys(filter(None, map(find_address, values.split(",")))))


def _returned_recipients(message: Message, lines: list[str]) -> list[str]:
    """Return the recipients of the returned email, for a notice that names none; [""] if there are none either."""
    if bare := bare_users(lines):
        domain = next((domain_of(address.email) for address in message.from_ if address.email), "")
        return [f"{user}@{domain}" for user in bare]
    returned = [part.headers.get("to", ("",))[0] for part in message.parts if part.embedded]
    texts = [part.text for part in message.parts if part.content_type == _HEADERS]
    returned += [found[1] for text in (*texts, message.text) if (found := _TO.search(text[:_MAX_TEXT]))]
    return [address for address in map(find_address, returned) if address][:1] or [""]


def _receipt(message: Message, report: str) -> Dsn:
    """Read a disposition notification; that of a Sieve "reject" says that the email was deleted unread."""
    fields = _merged(report)
    rejected = "deleted" in fields.get("disposition", "").lower() and "reject" in message.subject.lower()
    failure = diagnose(recipient_of(fields), "failed", None, message.text[:_MAX_TEXT])
    return Dsn("dsn" if rejected else "mdn", (failure,) if rejected else (), _original_id(message))


def _complaints(message: Message, report: str) -> tuple[Failure, ...]:
    """Return who complained: the recipient named in the report, else that of the returned email."""
    fields = _merged(report)
    named = (fields.get(name, "") for name in ("original-rcpt-to", "removal-recipient", "final-recipient"))
    returned = (part.headers.get("to", ("",))[0] for part in message.parts if part.embedded)
    address = next(filter(None, map(find_address, (*named, *returned))), "")
    return (Failure(address, "complaint", None, "complaint", fields.get("feedback-type", "")[:100]),)


def _merged(report: str) -> Fields:
    return {name: value for block in reversed(read_blocks(report)) for name, value in block.items()}


def _ses_failures(text: str) -> tuple[Failure, ...]:
    """Read the JSON that Amazon SES sends through SNS, with the field names of its documentation."""
    try:
        event, _ = json.JSONDecoder(strict=False).raw_decode(text[:_MAX_TEXT].lstrip())
        return tuple(_ses_recipients(event))
    except (ValueError, RecursionError, AttributeError, TypeError, LookupError):
        return (diagnose("", "failed", None, text[:_MAX_TEXT]),)


def _ses_recipients(event: dict[str, Any]) -> Iterator[Failure]:
    """Yield a failure for each recipient of an event (bounce, complaint or delivery object)."""
    for recipient in event.get("bounce", {}).get("bouncedRecipients", [])[:_MAX_RECIPIENTS]:
        action = str(recipient.get("action", "failed"))[:20]
        text = str(recipient.get("diagnosticCode", ""))[:1000]
        yield diagnose(
            find_address(str(recipient.get("emailAddress"))), action, find_status(str(recipient.get("status"))), text
        )
    for recipient in event.get("complaint", {}).get("complainedRecipients", [])[:_MAX_RECIPIENTS]:
        yield Failure(find_address(str(recipient.get("emailAddress"))), "complaint", None, "complaint", "")
    for address in event.get("delivery", {}).get("recipients", [])[:_MAX_RECIPIENTS]:
        yield diagnose(find_address(str(address)), "delivered", None, "")


def _original_id(message: Message) -> str:
    """Return the Message-ID of the reported email, from the returned email, the text or the references."""
    for part in message.parts[status_index(message) :]:
        if part.embedded and (found := _MESSAGE_ID.search(f"message-id: {part.headers.get('message-id', ('',))[0]}")):
            return found[1]
    texts = [part.text for part in message.parts if part.text and not part.embedded]
    for text in (*texts, message.text):
        if found := _MESSAGE_ID.search(text[:_MAX_TEXT]):
            return found[1]
    answered = (*message.in_reply_to, *message.references)
    return answered[0] if answered else ""
