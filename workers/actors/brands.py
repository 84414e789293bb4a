"""What the emails about the tickets of each support address look like, and which server sends them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from daemon.snapshots import PreparedDelivery, TicketSnapshot
from daemon.system.logs import RateLimitedLog
from daemon.vocabulary import MailKind
from workers.notify.outgoing import MailConfig
from workers.notify.render import Rendered, Renderer

limited = RateLimitedLog(structlog.get_logger(__name__))


@dataclass(frozen=True, slots=True)
class Brand:
    """The emails of one support address: its sender, its templates, and the server that sends them, "" for the main.

    `answer_from` is the pattern of the name that customers see on an answer.
    """

    mail: MailConfig
    renderer: Renderer
    answer_from: str
    server: str


@dataclass(frozen=True, slots=True)
class Brands:
    """The brands by support address, in lower case. `main` is that of the first address.

    What belongs to no ticket comes from the main one, and so do tickets whose address is unknown or no longer ours.
    """

    main: Brand
    by_address: Mapping[str, Brand]

    def of_email(self, kind: MailKind, ticket: TicketSnapshot, recipient: str) -> Brand:
        """Return the brand of an email about a ticket: of the address that its customer wrote to.

        An answer comes from the address that its recipient wrote to, should they have come with a merged ticket. A
        digest lists tickets of many.
        """
        if kind is MailKind.DIGEST:
            return self.main
        own = (
            dict(ticket.answer.addresses).get(recipient.lower()) if kind is MailKind.ANSWER and ticket.answer else None
        )
        return self.by_address.get(own or ticket.address, self.main)

    def of(self, delivery: PreparedDelivery | None) -> Brand:
        """Return the brand of an email; a link to sign in belongs to none."""
        return self.of_email(delivery.kind, delivery.ticket, delivery.recipient) if delivery else self.main

    def renderers(self) -> Iterator[Renderer]:
        """Yield each set of templates once."""
        found = (brand.renderer for brand in (self.main, *self.by_address.values()))
        yield from {id(renderer): renderer for renderer in found}.values()


def note_fault(rendered: Rendered, **about: object) -> None:
    """Log it where our template was used because that of the admin failed, perhaps on every email."""
    if rendered.fault:
        limited.warning("own template used instead of the admin's", key=rendered.fault, fault=rendered.fault, **about)
