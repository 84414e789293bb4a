"""The protocol of all transports, and the errors that sending can raise."""

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


class PermanentFailure(TransportFailure):
    """The email will never be accepted for this recipient."""


class UncertainFailure(TransportFailure):
    """The connection broke after the whole email was sent: it may have been accepted (RFC 1047)."""


class AuthenticationFailure(TransportFailure):
    """The server rejects our login: it accepts no email until the admin changes something."""


class Transport(Protocol):
    """Sends emails; several threads may use one transport."""

    def send(self, mail_from: str, recipient: str, message: bytes) -> str:
        """Send one email to one recipient and return a short answer for the log.

        `mail_from` is "" for the null sender. Raises TransportFailure.
        """

    def probe(self) -> None:
        """Check that emails could be sent now, without sending one. Raises TransportFailure."""

    def close(self) -> None:
        """Close the connections. Call it when no thread sends any more."""
