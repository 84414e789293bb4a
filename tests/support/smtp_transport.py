"""An SMTP transport to the server of a test, and the email that it sends."""

from typing import Any

from tests.support.smtp_sink import Sink
from workers.transports.smtp import SmtpTransport

ANN = "ann@customer.example"
US = "support@example.com"
MAIL = b"From: support@example.com\r\nTo: ann@customer.example\r\nSubject: hello\r\n\r\nhello\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def open_to(sink: Sink, closing: list[SmtpTransport], **options: Any) -> SmtpTransport:
    """Return a transport that waits as long as in production unless `options` say otherwise.

    A short wait would fail a test on a slow machine.
    """
    settings = {"security": "none", "hostname": "client.test", **options}
    transport = SmtpTransport(sink.host, sink.port, **settings)
    closing.append(transport)
    return transport
