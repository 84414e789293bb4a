"""The similar earlier tickets of a team, one line for each: what each was, and who answered it how fast. Pure."""

from collections.abc import Sequence
from typing import Final

from daemon.snapshots import SimilarTicket
from daemon.text import harmless_line
from workers.notify.phrases import Phrase, phrase, plural
from workers.notify.wording import MAX_NAME

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def similar_lines(tickets: Sequence[SimilarTicket]) -> tuple[Phrase, ...]:
    """Return a line for each ticket; nothing that a customer wrote is in it."""
    return tuple(_line(one) for one in tickets)


def _line(ticket: SimilarTicket) -> Phrase:
    reference, category = ticket.reference, ticket.category
    if ticket.seconds is None:
        return phrase("%(reference)s (%(category)s, not answered yet)", reference=reference, category=category)
    took, who = duration(ticket.seconds), harmless_line(ticket.answered_by, MAX_NAME)
    if not who:
        return phrase(
            "%(reference)s (%(category)s, answered in %(time)s)", reference=reference, category=category, time=took
        )
    return phrase(
        "%(reference)s (%(category)s, answered by %(who)s in %(time)s)",
        reference=reference,
        category=category,
        who=who,
        time=took,
    )


def duration(seconds: int) -> Phrase:
    """Return a length of time in the largest unit of which it has two, else the next smaller one."""
    if seconds < 2 * HOUR:
        count = max(1, seconds // MINUTE)
        return phrase("%(count)s min", count=count)
    if seconds < 2 * DAY:
        return phrase("%(count)s h", count=seconds // HOUR)
    count = seconds // DAY
    return plural("%(count)s day", "%(count)s days", count, count=count)
