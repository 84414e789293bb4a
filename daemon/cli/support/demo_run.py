"""Send the example emails to our own listener."""

import smtplib

from config.settings import Settings
from daemon.cli.support.demo_emails import EXAMPLES, as_bytes
from daemon.cli.support.listener_client import address, connected, send, text_of
from daemon.web.tools import DemoError


def refuse(settings: Settings) -> str:
    """Return why no example may be sent here; "": they may. Acknowledgements must not leave for invented addresses."""
    if settings.outgoing.transport != "maildir":
        return "outgoing email is sent by SMTP, and the customers of the examples do not exist"
    return "" if settings.smtp.enabled else "the listener is off (smtp.enabled)"


def send_examples(settings: Settings) -> int:
    """Send all examples, and return how many; raises DemoError."""
    if why := refuse(settings):
        raise DemoError(why)
    recipient = settings.support.address
    try:
        with connected(settings) as client:
            for example in EXAMPLES:
                send(client, example.email, recipient, as_bytes(example, recipient))
    except smtplib.SMTPResponseException as error:
        raise DemoError(f"the listener at {address(settings)} refused an example: {text_of(error)}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise DemoError(f"no listener at {address(settings)}: {error}") from None
    return len(EXAMPLES)
