"""Write the email that tells the admin of trouble: pure, plain text, no template that could be the trouble."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from daemon.vocabulary import Problem
from workers.notify.compose import OutgoingMail, as_bytes
from workers.notify.sanitize import one_line


def alert(
    troubles: Sequence[Problem],
    *,
    sender: str,
    recipient: str,
    mark: str,
    message_id: str,
    boundary_seed: str,
    now: datetime,
) -> bytes:
    """Return the email; its subject says the first trouble."""
    more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
    told = [one_line(trouble.text, 500) for trouble in troubles]
    told.append("You are told once of each trouble; triaged check --live shows what is wrong now.")
    letter = OutgoingMail(
        kind="alert",
        sender_name="triaged",
        sender_address=sender,
        recipient=recipient,
        reply_to=None,
        subject=f"triaged: {one_line(troubles[0].text, 120)}{more}",
        text="\n\n".join(told) + "\n",
        html="".join(f"<p>{escape(line)}</p>\n" for line in told),
        message_id=message_id,
        in_reply_to="",
        references=(),
        loop_token=mark,
        files=(),
        date=now,
        boundary_seed=boundary_seed,
    )
    return as_bytes(letter)
