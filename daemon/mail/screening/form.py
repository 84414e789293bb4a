"""Recognise web forms: a program sends what a visitor wrote, and its Reply-To names the visitor."""

from collections.abc import Collection

from daemon.mail.mailbox import registrable_domain
from daemon.mail.message import Message
from daemon.mail.screening.auto_headers import auto_submitted_value
from daemon.mail.screening.auto_subjects import auto_subject
from daemon.mail.senders import is_unanswerable
from daemon.text import domain_of

# What answers an email says so; what begins one may be a form.
_OF_LISTS = ("list-unsubscribe", "list-id", "feedback-id", "x-campaign", "x-campaignid", "x-csa-complaints")
_BEGINS = frozenset({"", "auto-generated"})


def is_form(message: Message, ours: Collection[str]) -> bool:
    """Return whether an email that a program sent is that of a person at another domain, who gets the answer.

    A newsletter has Reply-To at another domain, too, and headers of a list.
    """
    if message.in_reply_to or message.references or auto_submitted_value(message) not in _BEGINS:
        return False
    if auto_subject(message.subject) or any(map(message.header, _OF_LISTS)):
        return False
    authors = [address.email for address in message.from_ if address.email]
    visitors = [address.email for address in message.reply_to if address.email]
    if len(authors) != 1 or len(visitors) != 1 or len(message.reply_to) != 1:
        return False
    visitor = visitors[0].lower()
    # Old lists have no header but Precedence, and Reply-To is the list that the email was written to.
    if visitor in ours or is_unanswerable(visitor) or any(visitor == (a.email or "").lower() for a in message.to):
        return False
    return registrable_domain(domain_of(visitor)) != registrable_domain(domain_of(authors[0]).lower())
