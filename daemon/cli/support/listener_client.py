"""Send emails to our own listener, as the servers of customers do."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from config.schema import Smtp
from config.settings import Settings
from daemon.cli.support import output
from daemon.system.listening import listen_address

# The listener may be busy, and a socket of systemd accepts connections also while no daemon runs.
ANSWER_SECONDS: Final = 60.0


@contextmanager
def connected(settings: Settings) -> Iterator[smtplib.SMTP]:
    """Give a client that may send; raises OSError and smtplib.SMTPException."""
    smtp, (host, _, port) = settings.smtp, address(settings).rpartition(":")
    kind = smtplib.LMTP if smtp.protocol == "lmtp" else smtplib.SMTP
    with kind(host.strip("[]"), int(port), timeout=ANSWER_SECONDS) as client:
        _introduce(client, smtp)
        yield client


def address(settings: Settings) -> str:
    """Return HOST:PORT of our listener."""
    return listen_address(settings.service.state_dir, settings.smtp.listen)


def send(client: smtplib.SMTP, sender: str, recipient: str, raw: bytes) -> str:
    """Send one email and return the answer to it; raises smtplib.SMTPResponseException for a refusal."""
    _accepted(client.mail(sender))
    _accepted(client.rcpt(recipient))
    return _accepted(client.data(raw))


def text_of(reply: smtplib.SMTPResponseException) -> str:
    """Return a reply as one line."""
    text = reply.smtp_error
    return output.line(f"{reply.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}")


def _accepted(reply: tuple[int, bytes]) -> str:
    """Return a positive reply as text; raise SMTPResponseException for a refusal."""
    error = smtplib.SMTPResponseException(*reply)
    if reply[0] // 100 != 2:  # noqa: PLR2004 - RFC 5321 section 4.2.1
        raise error
    return text_of(error)


def _introduce(client: smtplib.SMTP, smtp: Smtp) -> None:
    """Send EHLO; start TLS and log in if the listener is configured for it."""
    client.ehlo_or_helo_if_needed()
    if smtp.certificate is not None:
        # Trust exactly our own certificate, whatever its name and issuer.
        tls = ssl.create_default_context(cafile=smtp.certificate)
        tls.check_hostname = False
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        client.starttls(context=tls)
        client.ehlo_or_helo_if_needed()
    for name, password in list(smtp.users.items())[:1]:
        client.login(name, password.get_secret_value())
