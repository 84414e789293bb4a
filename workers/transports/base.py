"""The protocol of all transports, and the errors that sending can raise."""

from collections.abc import Callable
from typing import Protocol


class TransportFailure(Exception):  # noqa: N818 - a refused email is not an error of the program
    """The email was not sent, or it is unknown whether it was.

    `code` is the SMTP reply code or 0, `status` the enhanced status code (RFC 3463) or "", `text` one short line.
    """

    def __init__(self, text: str, code: int = 0, status: str = "") -> None:
        super().__init__(" ".join(part for part in (str(code or ""), status, text) if part))
        self.code = code
        self.status = status
        self.text = text


class TemporaryFailure(TransportFailure):
    """The email was not sent; a later attempt may succeed."""


class ServerFailure(TemporaryFailure):
    """The server takes no email now, for a cause that says nothing about this one, such as no connection."""


class AuthenticationFailure(ServerFailure):
    """The server rejects our login: it accepts no email until the admin changes something."""


class RefusedSenderFailure(TemporaryFailure):
    """The server refuses our address, or to relay for us: the cause is on our side, and an admin can remove it."""


class LostConnectionFailure(TemporaryFailure):
    """The connection broke, or the server fell silent, before the whole email was sent."""


class PermanentFailure(TransportFailure):
    """The email will never be accepted for this recipient."""


class UncertainFailure(TransportFailure):
    """The connection broke after the whole email was sent: it may have been accepted (RFC 1047)."""


def no_record() -> None:
    """Record no handover: for emails that are not repeated, such as alerts."""


class Transport(Protocol):
    """Sends emails; several threads may use one transport."""

    def send(self, mail_from: str, recipient: str, message: bytes, hand_over: Callable[[], None] = no_record) -> str:
        """Send one email to one recipient and return a short answer for the log.

        `mail_from` is "" for the null sender. `hand_over` is called just before the email could be accepted; if it
        raises, nothing is sent. Raises TransportFailure; until `hand_over` was called it is never an UncertainFailure.
        """

    def probe(self) -> None:
        """Check that emails could be sent now, without sending one. Raises TransportFailure."""

    def cut(self) -> None:
        """Cut the connections that are in use, and open no further one: what is being sent fails at once."""

    def close(self) -> None:
        """Close the connections. Call it when no thread sends any more."""
