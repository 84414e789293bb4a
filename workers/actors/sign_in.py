"""Compose the email with the link that signs somebody in to the pages."""

import secrets
from datetime import datetime

from daemon.tickets.delivery import StartedDelivery
from daemon.tickets.sign_in import LINK_MINUTES, link_of, token_of
from daemon.vocabulary import MailKind
from workers.actors.brands import Brand, note_fault
from workers.notify import compose, outgoing
from workers.notify.compose import ComposeError
from workers.notify.contexts import SignIn


def compose_link(started: StartedDelivery, brand: Brand, key: bytes, now: datetime) -> bytes:
    """Return the email of a delivery with a link; the link itself is nowhere stored."""
    attempt, link, mail = started.attempt, started.link, brand.mail
    if link is None:
        raise ComposeError("the link expired before it was sent")
    mark = outgoing.mark_of(attempt.kind, attempt.recipient, 0, key, now)
    view = SignIn(mail.name, mail.name, mark, link_of(link.base, token_of(link.id, link.nonce, key)), LINK_MINUTES)
    rendered = brand.renderer.render(MailKind.SIGN_IN, view)
    note_fault(rendered, delivery=attempt.id)
    seed = secrets.token_hex(16)
    return compose.as_bytes(
        outgoing.mail_without_ticket(
            attempt.kind, attempt.recipient, mail, rendered, mark, attempt.message_id, now, seed
        )
    )
