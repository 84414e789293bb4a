"""Emails to a team, and what people see of a rendered email."""

import re

from daemon.snapshots import FileSnapshot
from tests.support.ticket_snapshots import team_view
from workers.notify.contexts import TeamMail
from workers.notify.render import Rendered

ATTACK = "{{7*7}} {% raw %} <script>alert(1)</script> \"'><img src=x onerror=y> & \u202e#{1+1}"


def team(**changes: object) -> TeamMail:
    text = "Amount debited\n\n> quoted line"
    return team_view(
        **{"text": text, "author": "ann@customer.example", "alternatives": (("Technical", 0.05),), **changes}
    )


def named(*files: tuple[str, int]) -> tuple[FileSnapshot, ...]:
    return tuple(FileSnapshot(part, name, "application/pdf", size) for part, (name, size) in enumerate(files))


def seen(html: str) -> str:
    """Return the text of HTML as people see it."""
    return re.sub(r"<[^>]+>", "", html.split("</head>")[1])


def both(rendered: Rendered) -> tuple[str, str]:
    return rendered.text, seen(rendered.html)
