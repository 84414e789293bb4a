"""Every answer of the listener, named; enhanced codes as in RFC 3463. Details go to the log, never to the client."""

from typing import Final

from daemon.tickets.admission import Receipt

SENDER_OK: Final = "250 2.1.0 Sender ok"
RECIPIENT_OK: Final = "250 2.1.5 Recipient ok"
STORED: Final = "250 2.0.0 Stored as"

CLOSING: Final = "421 4.3.2 Service is stopping, try again soon"
CONNECTIONS: Final = "421 4.7.0 Too many connections, try again later"
SESSION_OVER: Final = "421 4.4.2 Session took too long, closing"
IDLE: Final = "421 4.4.2 Nothing came for too long, closing"
TOO_SLOW: Final = "421 4.4.2 Data came too slowly, closing"
ERRORS: Final = "421 4.7.0 Too many errors, closing"

TEMPORARY: Final = "451 4.3.0 Temporary problem, try again later"
NO_SPACE: Final = "452 4.3.1 Not enough storage, try again later"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 Too many recipients"

NOT_HERE: Final = "550 5.1.1 No such recipient here"
BAD_SENDER: Final = "553 5.1.7 Sender address is not valid"
BAD_RECIPIENT: Final = "553 5.1.3 Recipient address is not valid"
NOT_OFFERED: Final = "502 5.5.1 Command not offered"
TOO_BIG: Final = "552 5.3.4 Message is too big"
LOOP: Final = "554 5.4.6 Too many hops, this mail is looping"


def stored(receipt: Receipt) -> str:
    """Return the 250 that names what the email became: its reference, else its ledger number."""
    if receipt.reference:
        return f"{STORED} {receipt.reference}"
    return f"{STORED} {receipt.inbound_id} ({receipt.disposition})"
