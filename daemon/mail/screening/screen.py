"""Decides who wrote an email: a person, or which kind of machine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daemon.mail.dsn.evidence import RECEIPT, STATUS, bounce_evidence, find_report, is_complaint
from daemon.mail.envelope import Envelope
from daemon.mail.message import Message
from daemon.mail.screening.auto_headers import (
    auto_header,
    auto_submitted_value,
    challenge_header,
    is_answer,
    is_bulk,
    list_header,
    precedence_of,
    weak_signs,
)
from daemon.mail.screening.auto_subjects import auto_subject
from daemon.mail.senders import has_null_return_path, is_null, is_unanswerable
from daemon.vocabulary import Screening, SenderKind


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """Who we are.

    `addresses` are our support and notification addresses in lower case. `evidence` is not empty when the caller
    verified our own signature in the email itself: it is our own mail coming back, and the string says how we know.
    """

    addresses: frozenset[str]
    evidence: str = ""


Check = Callable[[Message, Envelope, OwnIdentity], Screening | None]


def screen(message: Message, envelope: Envelope, own: OwnIdentity) -> Screening:
    """Return who wrote an email, whether an acknowledgement may go out, and why; a person unless a check says other."""
    for check in CHECKS:
        if found := check(message, envelope, own):
            return found
    doubts = _doubts(message, envelope, own)
    return Screening(SenderKind.PERSON, not doubts, doubts or ("no sign of a machine",))


def own_mail(_message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find our own mail, as the caller verified."""
    return _machine(SenderKind.OWN, own.evidence)


def feedback_report(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a complaint about our mail (RFC 5965)."""
    return _machine(SenderKind.AUTO_REPLY, "feedback report (ARF)" if is_complaint(message) else "")


def bounce(message: Message, envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a report that our mail failed, waits, or arrived."""
    return _machine(SenderKind.BOUNCE, bounce_evidence(message, null_sender=_is_null(envelope)))


def read_receipt(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a disposition notification (RFC 8098): the email was displayed or deleted, nobody wrote."""
    reported = find_report(message, RECEIPT) and not find_report(message, STATUS)
    return _machine(SenderKind.AUTO_REPLY, "read receipt (disposition notification)" if reported else "")


def calendar_answer(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find an invitation accepted or declined by a press of a button (RFC 5546 METHOD:REPLY)."""
    answered = any(is_answer(part) for part in message.parts if not part.embedded)
    return _machine(SenderKind.AUTO_REPLY, "calendar answer (METHOD:REPLY)" if answered else "")


def mailing_list(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find a mailing list (RFC 2919) that is not one of our own addresses run as a group."""
    old = precedence_of(message, own.addresses) == "list" and "Precedence: list"
    return _machine(SenderKind.LIST, list_header(message, own.addresses) or old or "")


def newsletter(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find mail sent to many: List-Unsubscribe and a further sign, for sales tools put it on single letters too."""
    return _machine(SenderKind.LIST, "List-Unsubscribe on bulk mail" if is_bulk(message, own.addresses) else "")


def auto_submitted(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find Auto-Submitted with any word but "no" (RFC 3834 section 5)."""
    value = auto_submitted_value(message)
    return _machine(SenderKind.AUTO_REPLY, f"Auto-Submitted: {value}" if value else "")


def auto_reply_header(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a header that only responders write."""
    return _machine(SenderKind.AUTO_REPLY, auto_header(message))


def challenge(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a challenge of a sender verification system; answering it is for people."""
    return _machine(SenderKind.AUTO_REPLY, challenge_header(message))


def precedence(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find Precedence or X-Precedence as autoresponders and bulk mailers write it."""
    value = precedence_of(message, own.addresses)
    return _machine(SenderKind.AUTO_REPLY, f"Precedence: {value}" if value else "")


def null_sender(message: Message, envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find the null sender: no answer is wanted (RFC 5321 section 4.5.5), and people's programs do not use it."""
    given = _is_null(envelope) or has_null_return_path(message)
    return _machine(SenderKind.AUTO_REPLY, "null sender" if given else "")


def automatic_subject(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find the subject that mail programs give their automatic answers, on an answer."""
    answers = message.in_reply_to or message.references
    prefix = auto_subject(message.subject)
    return _machine(SenderKind.AUTO_REPLY, f'answer with the subject "{prefix}"' if prefix and answers else "")


def weak_evidence(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Add up signs that each also stand on letters of people; two of them together do not."""
    signs = weak_signs(message)
    return _machine(SenderKind.AUTO_REPLY, " and ".join(signs) if len(signs) > 1 else "")


CHECKS: Final[tuple[Check, ...]] = (
    # Nothing else about our own mail matters, and it may look like anything.
    own_mail,
    # Reports first: they also carry Auto-Submitted and the null sender, and say more. A complaint may come from a
    # mail daemon, and Sieve's "reject" is a receipt in form, a bounce in fact.
    feedback_report,
    bounce,
    read_receipt,
    calendar_answer,
    # Before the marks of responders, since list software writes some of them as well.
    mailing_list,
    newsletter,
    # What responders say of themselves, the standard's word first.
    auto_submitted,
    auto_reply_header,
    challenge,
    precedence,
    null_sender,
    # Last what is only a hint.
    automatic_subject,
    weak_evidence,
)


def _machine(kind: SenderKind, reason: str) -> Screening | None:
    return Screening(kind, acknowledge=False, reasons=(reason,)) if reason else None


def _is_null(envelope: Envelope) -> bool:
    return envelope.mail_from is not None and is_null(envelope.mail_from)


def _doubts(message: Message, envelope: Envelope, own: OwnIdentity) -> tuple[str, ...]:
    """Return why a person's mail must not be answered automatically."""
    senders = [address.email for address in message.from_]
    answered = [address.email for address in message.reply_to or message.from_]
    doubts = []
    if len(senders) != 1 or None in senders or None in answered:
        doubts.append("no single readable address in From or Reply-To")
    addresses = {(email or "").lower() for email in (*senders, *answered)}
    if addresses & own.addresses:
        doubts.append("From or Reply-To is one of our addresses")
    if any(map(is_unanswerable, addresses)):
        doubts.append("nobody reads the address in From or Reply-To")
    if (envelope.mail_from or "").lower() in own.addresses:
        doubts.append("the envelope sender is one of our addresses")
    return tuple(doubts)
