"""Write the email that alerts the admin to problems. Uses no template, which could be the problem. Pure."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from daemon.text import harmless_line
from daemon.vocabulary import Problem
from workers.notify.compose import OutgoingMail, as_bytes

CLOSING: Final = 'You get one email about each problem. Run "triaged check --live" to see what is wrong now.'
# Readable on a phone: as wide as the screen, in a font of usual size.
PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="margin:0;padding:16px;max-width:600px;font:16px/1.5 sans-serif;overflow-wrap:anywhere">
{}</body>
</html>
"""


def alert(
    problems: Sequence[Problem],
    *,
    sender: str,
    recipient: str,
    mark: str,
    message_id: str,
    boundary_seed: str,
    now: datetime,
) -> bytes:
    """Return the email as it goes over the wire; its subject is the first problem."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    paragraphs = [*(harmless_line(problem.text, 500) for problem in problems), CLOSING]
    outgoing = OutgoingMail(
        kind="alert",
        sender_name="triaged",
        sender_address=sender,
        recipient=recipient,
        reply_to=None,
        subject=f"triaged: {harmless_line(problems[0].text, 120)}{more}",
        text="\n\n".join(paragraphs) + "\n",
        html=PAGE.format("".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)),
        message_id=message_id,
        in_reply_to="",
        references=(),
        loop_token=mark,
        files=(),
        date=now,
        boundary_seed=boundary_seed,
    )
    return as_bytes(outgoing)
