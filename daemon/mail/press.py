"""Recognise a press: an email that one of the links in our emails opened, and which only carries a command.

Mail programs put a signature below the body of a link, and people write below it. None of that is meant for the
customer, so a press never becomes an answer.
"""

from typing import Final

from daemon.mail.reply.banner import without_gateway_tags

SIGNS: Final = "#\uff03\ufe5f"


def press_subject(command: str, reference: str) -> str:
    """Return the subject of a press, such as "#category Login [HD-7K3Q-M9XY]"."""
    return f"{command} [{reference}]"


def is_press(subject: str) -> bool:
    """Say whether a subject begins with a command, as only that of a press does: replies begin with "Re:"."""
    bare = without_gateway_tags(subject[:500]).strip()
    return bare[:1] != "" and bare[0] in SIGNS and bare[1:2].isalpha()
