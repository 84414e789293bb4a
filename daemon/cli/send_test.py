"""The command `send-test`: send a test email to the listener."""

import smtplib
from email.message import EmailMessage
from email.utils import make_msgid

import click

from daemon.cli.support import context
from daemon.cli.support.listener_client import address, connected, send, text_of
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
    try:
        with connected(settings) as client:
            answer = send(client, sender, settings.support.address, mail.as_bytes())
    except smtplib.SMTPResponseException as error:
        raise context.BadData(f"{address(settings)} refused the email: {text_of(error)}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise context.Unavailable(
            f"no listener at {address(settings)}: {error}; start it with `triaged run`"
        ) from error
    click.echo(answer)
