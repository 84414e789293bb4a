"""Write the emails to the admin: alerts and the daily report. Uses no template, which could be the problem. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from daemon.facts import DailyCounts, Problem
from daemon.text import harmless_line
from daemon.vocabulary import SCREENED_OUT, Disposition
from workers.notify.compose import OutgoingMail, as_bytes

CLOSING: Final = 'You get one email about each problem. Run "triaged check --live" to see what is wrong now.'
REPORT_CLOSING: Final = (
    'If a person wrote an email that was screened out, find it with "triaged mail list" and make it a ticket with '
    '"triaged mail release ID". The setting health.daily_report ends these emails.'
)
# Readable on a phone: as wide as the screen, in a font of usual size.
PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="margin:0;padding:16px;max-width:600px;font:16px/1.5 sans-serif;overflow-wrap:anywhere">
{}</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class AdminMail:
    """What every email to the admin needs besides its content. `mark` is the token that shows it to be ours."""

    sender: str
    recipient: str
    mark: str
    message_id: str
    boundary_seed: str
    now: datetime


def alert(problems: Sequence[Problem], address: AdminMail) -> bytes:
    """Return the email as it goes over the wire; its subject is the first problem."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return _email(
        f"triaged: {harmless_line(problems[0].text, 120)}{more}",
        [*(harmless_line(problem.text, 500) for problem in problems), CLOSING],
        address,
    )


def daily_report(counts: DailyCounts, address: AdminMail) -> bytes:
    """Return the email that says what came on a day."""
    screened_out = {state: counts.emails[state] for state in SCREENED_OUT}
    # Emails wait for the check of their sender for seconds, where senders are checked at all.
    hidden = {*screened_out, *([] if counts.emails.get(Disposition.CHECKING) else [Disposition.CHECKING])}
    rest = ", ".join(f"{state} {number}" for state, number in counts.emails.items() if state not in hidden)
    kinds = ", ".join(f"{state} {number}" for state, number in screened_out.items())
    accepted, out = sum(counts.emails.values()), sum(screened_out.values())
    tickets = counts.emails[Disposition.TICKET]
    return _email(
        f"triaged: {counts.day}: accepted {accepted}, tickets {tickets}, screened out {out}",
        [
            f"{counts.day} (UTC). Emails accepted: {accepted} ({rest}).",
            f"Screened out: {out} ({kinds}).",
            f"Acknowledgements suppressed: {counts.suppressed}.",
            REPORT_CLOSING,
        ],
        address,
    )


def _email(subject: str, paragraphs: Sequence[str], address: AdminMail) -> bytes:
    outgoing = OutgoingMail(
        kind="alert",
        sender_name="triaged",
        sender_address=address.sender,
        recipient=address.recipient,
        reply_to=None,
        subject=subject,
        text="\n\n".join(paragraphs) + "\n",
        html=PAGE.format("".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)),
        message_id=address.message_id,
        in_reply_to="",
        references=(),
        loop_token=address.mark,
        files=(),
        date=address.now,
        boundary_seed=address.boundary_seed,
    )
    return as_bytes(outgoing)
