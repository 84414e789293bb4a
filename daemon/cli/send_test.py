"""The command `send-test`: write to the listener as a customer would."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid

import click

from config.schema import Smtp
from daemon.cli.support import context
from daemon.text import domain_of


@click.command("send-test")
@click.option("--subject", default="Payment failed", show_default=True)
@click.option("--body", default="Amount debited but not credited", show_default=True)
@click.option("--from", "sender", default="ann@customer.example", show_default=True)
@click.pass_context
def send_test(ctx: click.Context, subject: str, body: str, sender: str) -> None:
    r"""Send a mail to the listener as a customer would.

    \b
    Example: triaged send-test --subject "Cannot log in" --body "It says my password is wrong"
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
            client.mail(sender)
            client.rcpt(settings.support.address)
            code, answer = client.data(mail.as_bytes())
    except (OSError, smtplib.SMTPException) as error:
        raise context.Unavailable(f"nobody took the mail at {settings.smtp.listen}: {error}") from error
    click.echo(f"{code} {answer.decode('utf-8', 'replace')}")


def _introduce(client: smtplib.SMTP, smtp: Smtp) -> None:
    """Greet our own listener as it wants to be greeted: over TLS, and as one of its users."""
    client.ehlo_or_helo_if_needed()
    if smtp.certificate is not None:
        # It has to be our certificate, whatever name it is for and whoever signed it.
        tls = ssl.create_default_context(cafile=smtp.certificate)
        tls.check_hostname = False
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        client.starttls(context=tls)
        client.ehlo_or_helo_if_needed()
    for name, password in list(smtp.users.items())[:1]:
        client.login(name, password.get_secret_value())
