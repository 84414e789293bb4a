"""Say in one sentence what happened to a ticket, for the email that announces it to the team. Pure."""

from typing import Final

from daemon.snapshots import EventSnapshot
from workers.notify.phrases import Phrase, literal, phrase

HEADLINES: Final = {
    "woken": phrase("The wait is over: this ticket is open again"),
    "merged into": phrase("%(actor)s merged this ticket into %(other)s"),
    "merged from": phrase("%(actor)s merged %(other)s into this ticket"),
    "split from": phrase("%(actor)s split this ticket from %(other)s"),
    "split off": phrase("%(actor)s split %(other)s from this ticket"),
}
_SOMEBODY: Final = phrase("Somebody")


def headline(event: EventSnapshot | None) -> Phrase | str:
    """Return the headline of an email about an event, "" for any other email."""
    if event is None:
        return ""
    form = HEADLINES.get(event.kind)
    if form is None:
        return literal(event.kind)
    actor = literal(event.actor) if event.actor else _SOMEBODY
    return Phrase(form.text, (("actor", actor), ("other", event.other)))
