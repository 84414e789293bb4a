"""The way out: what every transport promises, and the ways in which sending fails."""

from typing import Protocol


class TransportFailure(Exception):  # noqa: N818 - failing to send is no error of the program
    """An email was not sent, or nobody knows whether it was.

    `code` is the SMTP reply code or 0, `status` the enhanced status code (RFC 3463) or "", `text` one short line.
    """

    def __init__(self, text: str, code: int = 0, status: str = "") -> None:
        super().__init__(" ".join(part for part in (str(code or ""), status, text) if part))
        self.code = code
        self.status = status
        self.text = text


class TemporaryFailure(TransportFailure):
    """It may succeed later."""


class PermanentFailure(TransportFailure):
    """The email will never be taken for this recipient."""


class UncertainFailure(TransportFailure):
    """The connection broke after the whole mail was sent: it may have been taken (RFC 1047)."""


class AuthenticationFailure(TransportFailure):
    """We are not let in: no mail at all will be taken until the admin acts."""


class Transport(Protocol):
    """Sends mail; safe to use from several threads."""

    def send(self, mail_from: str, recipient: str, message: bytes) -> str:
        """Send one mail to one recipient; return a short answer for the log.

        `mail_from` is "" for the null sender. Raises TransportFailure.
        """

    def close(self) -> None:
        """Let go of connections."""
