"""Decide who wrote an email: a person, or which kind of machine."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from daemon.mail import verp
from daemon.mail.dsn.evidence import bounce_evidence, is_complaint
from daemon.mail.dsn.parts import RECEIPT, STATUS, find_report
from daemon.mail.envelope import Envelope
from daemon.mail.message import Message
from daemon.mail.own_address import own_address
from daemon.mail.screening.auto_headers import (
    auto_header,
    auto_submitted_value,
    challenge_header,
    is_bulk,
    list_header,
    precedence_of,
    weak_signs,
)
from daemon.mail.screening.auto_subjects import auto_subject
from daemon.mail.screening.form import is_form
from daemon.mail.screening.group import hidden_author, is_our_group
from daemon.mail.screening.invitations import is_answer_in_words, is_button_answer, is_invitation
from daemon.mail.screening.notes import absence_evidence, is_declared_automatic, receipt_evidence
from daemon.mail.senders import has_null_return_path, is_null, is_unanswerable
from daemon.vocabulary import Screening, SenderKind


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """Our addresses, and whether this email is ours.

    `addresses` are our support and notification addresses in lower case. `evidence` is not empty if the caller
    verified our signature in the email: it is our own email coming back, and the string says where the signature was.
    """

    addresses: frozenset[str]
    evidence: str = ""

    def includes(self, email: str) -> bool:
        """Say whether email to an address comes to us, whatever its tag: a token, or the mark of a bounce address."""
        return bool(own_address(email, self.addresses))


Check = Callable[[Message, Envelope, OwnIdentity], Screening | None]


def screen(message: Message, envelope: Envelope, own: OwnIdentity) -> Screening:
    """Return who wrote an email, whether to acknowledge it, and why: a person, unless a check finds a machine."""
    for check in CHECKS:
        if found := check(message, envelope, own):
            return _from_form(found) if check in _OF_PROGRAMS and is_form(message, own.addresses) else found
    objections = _objections(message, envelope, own)
    return Screening(SenderKind.PERSON, not objections, objections or ("no sign of a machine",))


def is_written_to_list(message: Message, envelope: Envelope, lists: Collection[str]) -> bool:
    """Return whether a person wrote an email to the list at one of these addresses."""
    as_ours = OwnIdentity(frozenset(lists))
    return is_our_group(message, lists) and screen(message, envelope, as_ours).kind is SenderKind.PERSON


def is_report(message: Message) -> bool:
    """Return whether a program reports on an email that we sent: a complaint, a receipt, an answered invitation."""
    return is_complaint(message) or bool(find_report(message, RECEIPT)) or is_button_answer(message)


def own_email(_message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find our own email, verified by the caller."""
    return _machine(SenderKind.OWN, own.evidence)


def feedback_report(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a complaint about our email (RFC 5965)."""
    return _machine(SenderKind.AUTO_REPLY, "feedback report (ARF)" if is_complaint(message) else "")


def bounce(message: Message, envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a report that our email failed, waits or arrived."""
    return _machine(SenderKind.BOUNCE, bounce_evidence(message, null_sender=_is_null(envelope)))


def read_receipt(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a disposition notification (RFC 8098): the email was displayed or deleted, no person wrote."""
    reported = find_report(message, RECEIPT) and not find_report(message, STATUS)
    return _machine(SenderKind.AUTO_REPLY, "read receipt (disposition notification)" if reported else "")


def calendar_answer(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a reply to an invitation, sent by a button (RFC 5546 METHOD:REPLY), and one with words of a person."""
    if is_answer_in_words(message):
        return Screening(SenderKind.PERSON, acknowledge=False, reasons=("calendar reply with words of a person",))
    return _machine(SenderKind.AUTO_REPLY, "calendar reply (METHOD:REPLY)" if is_button_answer(message) else "")


def invitation(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find the invitation of a person that a calendar service sent: it marks it as generated, and a person wrote it."""
    if auto_submitted_value(message) != "auto-generated" or not is_invitation(message):
        return None
    return Screening(SenderKind.PERSON, acknowledge=False, reasons=("invitation that a calendar service sent",))


def mailing_list(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find a mailing list (RFC 2919) that is not one of our own addresses run as a group."""
    old = precedence_of(message, own.addresses) == "list" and "Precedence: list"
    return _machine(SenderKind.LIST, list_header(message, own.addresses) or old or "")


def newsletter(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find bulk email: List-Unsubscribe and a second sign, because sales tools add it to single emails too."""
    return _machine(SenderKind.LIST, "List-Unsubscribe on bulk mail" if is_bulk(message, own.addresses) else "")


def auto_submitted(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find Auto-Submitted with any keyword but "no" (RFC 3834 section 5)."""
    value = auto_submitted_value(message)
    return _machine(SenderKind.AUTO_REPLY, f"Auto-Submitted: {value}" if value else "")


def auto_reply_header(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a header that only autoresponders write."""
    return _machine(SenderKind.AUTO_REPLY, auto_header(message))


def challenge(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find a challenge of a sender verification system, which only a person can answer."""
    return _machine(SenderKind.AUTO_REPLY, challenge_header(message))


def precedence(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Find Precedence or X-Precedence as autoresponders and bulk mailers write it."""
    value = precedence_of(message, own.addresses)
    return _machine(SenderKind.AUTO_REPLY, f"Precedence: {value}" if value else "")


def null_sender(message: Message, envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find the null sender: it wants no reply (RFC 5321 section 4.5.5), and mail programs of people do not use it."""
    given = _is_null(envelope) or has_null_return_path(message)
    return _machine(SenderKind.AUTO_REPLY, "null sender" if given else "")


def automatic_subject(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find the subject of an automatic reply on an email that is a reply."""
    is_reply = message.in_reply_to or message.references
    prefix = auto_subject(message.subject)
    return _machine(
        SenderKind.AUTO_REPLY, f'reply with the auto-reply subject "{prefix}"' if prefix and is_reply else ""
    )


def note(message: Message, _envelope: Envelope, _own: OwnIdentity) -> Screening | None:
    """Find absence notes and receipts that no header marks, by what they say."""
    return _machine(SenderKind.AUTO_REPLY, absence_evidence(message) or receipt_evidence(message))


def weak_evidence(message: Message, _envelope: Envelope, own: OwnIdentity) -> Screening | None:
    """Add up signs that each also occur in email from people; two of them together do not."""
    signs = weak_signs(message, own.addresses)
    return _machine(SenderKind.AUTO_REPLY, " and ".join(signs) if len(signs) > 1 else "")


CHECKS: Final[tuple[Check, ...]] = (
    # First, because our own email may match any other check.
    own_email,
    # Reports next: they also have Auto-Submitted and the null sender, but are more specific. A complaint may come from
    # a mail daemon; a Sieve "reject" has the form of a receipt and is a bounce.
    feedback_report,
    bounce,
    read_receipt,
    calendar_answer,
    # Before the headers of autoresponders, because list software writes some of them too.
    mailing_list,
    newsletter,
    invitation,
    # Headers of autoresponders, the standard one first.
    auto_submitted,
    auto_reply_header,
    challenge,
    precedence,
    null_sender,
    # Weak signs last.
    automatic_subject,
    note,
    weak_evidence,
)


_OF_PROGRAMS: Final[tuple[Check, ...]] = (auto_submitted, precedence, null_sender, weak_evidence)


def _from_form(found: Screening) -> Screening:
    """Return the screening of a web form: a program sent the email, and a person wrote it."""
    return Screening(SenderKind.PERSON, acknowledge=False, reasons=("web form that a person filled in", *found.reasons))


def _machine(kind: SenderKind, reason: str) -> Screening | None:
    return Screening(kind, acknowledge=False, reasons=(reason,)) if reason else None


def _is_null(envelope: Envelope) -> bool:
    return envelope.mail_from is not None and is_null(envelope.mail_from)


def _objections(message: Message, envelope: Envelope, own: OwnIdentity) -> tuple[str, ...]:
    """Return why an email from a person must not be acknowledged."""
    author = hidden_author(message, own.addresses)
    senders = [address.email for address in ((author,) if author else message.from_)]
    is_group = is_our_group(message, own.addresses)
    replies = [a for a in message.reply_to if not (is_group and (a.email or "").lower() in own.addresses)]
    answered = senders if author else [address.email for address in replies or message.from_]
    objections = []
    if len(senders) != 1 or None in senders or None in answered:
        objections.append("no single readable address in From or Reply-To")
    addresses = {(email or "").lower() for email in (*senders, *answered)}
    if any(map(own.includes, addresses)):
        objections.append("From or Reply-To is one of our addresses")
    if any(map(is_unanswerable, addresses)):
        objections.append("nobody reads email sent to From or Reply-To")
    mail_from = envelope.mail_from or ""
    # A group at one of our addresses has tags of its own in its envelope senders; ours are bounce addresses.
    if mail_from.lower() in own.addresses or (verp.MARK.search(mail_from) and own.includes(mail_from)):
        objections.append("the envelope sender is one of our addresses")
    if is_declared_automatic(message):
        objections.append("the text says that it is automatic")
    return tuple(objections)
