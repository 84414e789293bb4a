"""What the emails about the tickets of each support address look like, and which server sends them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from daemon.snapshots import PreparedDelivery, TicketSnapshot
from daemon.vocabulary import MailKind
from workers.notify.outgoing import MailConfig
from workers.notify.render import Renderer


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
