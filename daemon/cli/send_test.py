"""The command `send-test`: send a test email to the listener."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid

import click

from config.schema import Smtp
from daemon.cli.support import context, output
from daemon.text import domain_of


@click.command("send-test")
@click.option("--subject", default="Payment failed", show_default=True, help="Subject of the email.")
@click.option("--body", default="Amount debited but not credited", show_default=True, help="Text of the email.")
@click.option(
    "--from", "sender", default="ann@customer.example", show_default=True, metavar="ADDRESS", help="Sender address."
)
@click.pass_context
def send_test(ctx: click.Context, subject: str, body: str, sender: str) -> None:
    r"""Send a test email to the listener, as a customer would.

    \b
    Example: triaged send-test --subject "Cannot log in" --body "Wrong password"
    """
    settings = context.settings(ctx)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ann Example <{sender}>", settings.support.address, subject
    mail["Message-ID"] = make_msgid(domain=domain_of(sender))
    mail.set_content(body)
    host, _, port = settings.smtp.listen.rpartition(":")
    kind = smtplib.LMTP if settings.smtp.protocol == "lmtp" else smtplib.SMTP
    try:
        with kind(host.strip("[]"), int(port)) as client:
            _introduce(client, settings.smtp)
            _accepted(client.mail(sender))
            _accepted(client.rcpt(settings.support.address))
            answer = _accepted(client.data(mail.as_bytes()))
    except smtplib.SMTPResponseException as error:
        raise context.BadData(f"{settings.smtp.listen} refused the email: {_text(error)}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise context.Unavailable(
            f"no listener at {settings.smtp.listen}: {error}; start it with `triaged run`"
        ) from error
    click.echo(answer)


def _accepted(reply: tuple[int, bytes]) -> str:
    """Return a positive reply as text; raise SMTPResponseException for a refusal."""
    error = smtplib.SMTPResponseException(*reply)
    if reply[0] // 100 != 2:  # noqa: PLR2004 - RFC 5321 section 4.2.1
        raise error
    return _text(error)


def _text(reply: smtplib.SMTPResponseException) -> str:
    text = reply.smtp_error
    return output.line(f"{reply.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}")


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
