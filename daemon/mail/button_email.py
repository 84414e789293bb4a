"""Recognise an email that a button in one of our emails opened: it only carries a command.

Mail programs put a signature below the body of such a link, and people write below it. None of that is meant for the
customer, so such an email never becomes an answer.
"""

from typing import Final

from daemon.mail.reply.gateway_tags import without_gateway_tags

SIGNS: Final = "#\uff03\ufe5f"


def button_subject(command: str, reference: str) -> str:
    """Return the subject of the email of a button, such as "#category Login [HD-7K3Q-M9XY]"."""
    return f"{command} [{reference}]"


def is_button_email(subject: str) -> bool:
    """Say whether a button made an email: only then its subject begins with a command; replies begin with "Re:"."""
    bare = without_gateway_tags(subject[:500]).strip()
    return bare[:1] != "" and bare[0] in SIGNS and bare[1:2].isalpha()
