"""Say in one sentence what happened to a ticket, for the email that announces it to the team. Pure."""

from typing import Final

from daemon.vocabulary import EventSnapshot

HEADLINES: Final = {
    "woken": "The wait is over: this ticket is open again",
    "merged into": "{actor} merged this ticket into {other}",
    "merged from": "{actor} merged {other} into this ticket",
    "split from": "{actor} split this ticket from {other}",
    "split off": "{actor} split {other} from this ticket",
}


def headline(event: EventSnapshot | None) -> str:
    """Return the headline of an email about an event, "" for any other email."""
    if event is None:
        return ""
    return HEADLINES.get(event.kind, event.kind).format(actor=event.actor or "Somebody", other=event.other)
