"""What is ours and must not reach a customer: tokens, lines of our emails, links; and what a customer wrote."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OurMarks:
    """What is known of a ticket when an answer to one of our emails is cut.

    `keys` verify tokens on the day `today`, expired ones too. `customers` are the addresses whose own tokens may stay.
    `emails` are the plain texts of our emails to the team that the answer may quote: each of their lines is ours unless
    a customer wrote it. `phrases` are sentences of the team's templates, which every email of ours contains.
    `customer_texts` are the texts of the customers' emails on the ticket. `addresses` are ours and the teams', in
    lower case: they show whose email a header block or an attribution quotes. `prefix` is that of the references.
    """

    keys: tuple[bytes, ...]
    today: date
    customers: frozenset[str] = frozenset()
    emails: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    customer_texts: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()
    prefix: str = "HD"
