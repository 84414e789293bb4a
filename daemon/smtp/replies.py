"""Every reply of the listener as a constant, with codes of RFC 3463. Details go to the log, never to the client."""

from typing import Final

from daemon.tickets.admission import Receipt

SENDER_OK: Final = "250 2.1.0 Sender ok"
RECIPIENT_OK: Final = "250 2.1.5 Recipient ok"
STORED: Final = "250 2.0.0 Stored as"

CLOSING: Final = "421 4.3.2 Service shutting down, try again later"
TOO_MANY_CONNECTIONS: Final = "421 4.7.0 Too many connections, try again later"
SESSION_LIMIT: Final = "421 4.4.2 Session time limit exceeded, closing connection"
IDLE: Final = "421 4.4.2 Idle timeout, closing connection"
TOO_SLOW: Final = "421 4.4.2 Data transfer too slow, closing connection"
TOO_MANY_LOGINS: Final = "421 4.7.0 Too many failed logins, closing connection"
TOO_MANY_ERRORS: Final = "421 4.7.0 Too many errors, closing connection"

TEMPORARY_ERROR: Final = "451 4.3.0 Temporary server error, try again later"
NO_SPACE: Final = "452 4.3.1 Insufficient storage, try again later"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 Too many recipients"

UNKNOWN_RECIPIENT: Final = "550 5.1.1 No such recipient"
BAD_SENDER: Final = "553 5.1.7 Sender address is not valid"
BAD_RECIPIENT: Final = "553 5.1.3 Recipient address is not valid"
NOT_IMPLEMENTED: Final = "502 5.5.1 Command not implemented"
TOO_LARGE: Final = "552 5.3.4 Message too large"
LOOP: Final = "554 5.4.6 Too many hops, mail loop detected"


def stored(receipt: Receipt) -> str:
    """Return the 250 reply with the ticket reference, or else with the ledger number and the disposition."""
    if receipt.reference:
        return f"{STORED} {receipt.reference}"
    return f"{STORED} {receipt.inbound_id} ({receipt.disposition})"
