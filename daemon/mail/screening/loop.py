"""Recognise our own email that comes back, even if relays rewrote its Message-ID."""

from datetime import date

from daemon.mail import token
from daemon.mail.message import Message

HEADER = "X-Triaged-Loop"


def own_evidence(message: Message, keys: tuple[bytes, ...], today: date) -> str:
    """Return why an email is our own, or "": a signed header, or a Message-ID that we signed.

    Replies and bounces have neither in their own header, only in what they quote.
    """
    for place, text in ((HEADER, message.header(HEADER)), ("Message-ID", message.message_id)):
        if any(True for _ in token.find(text[:2000], keys, today)):
            return f"{place} carries our signature"
    return ""
