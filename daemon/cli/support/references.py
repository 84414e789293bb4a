"""Find a ticket by its reference, typed in any usual way."""

from typing import Final

from sqlalchemy.orm import Session

from daemon.cli.support import context, output
from daemon.mail.reference import find_references, looks_like_reference, make_reference
from daemon.store.queries import tickets

EXAMPLE: Final = 4_711_001_234


def existing(session: Session, text: str, prefix: str) -> int:
    """Return the id of a ticket; raises NotFound, with a hint if the text is not a valid reference."""
    found = tickets.find_ticket_id(session, text, prefix)
    if found is not None:
        return found
    shown = output.line(text, 60)
    raise context.NotFound(f"no ticket {shown}{_hint(text, prefix)}; `triaged tickets search` finds tickets by words")


def _hint(text: str, prefix: str) -> str:
    """Return what is wrong with a text that is no reference; empty for one that no ticket has."""
    typed = text.strip().upper()
    forms = (typed, f"{prefix}-{typed}")
    if any(find_references(form, prefix) for form in forms):
        return ""
    if any(looks_like_reference(form, prefix) for form in forms):
        return ": a character of the reference is wrong, as its last one shows"
    return f": not a reference, which looks like {make_reference(prefix, EXAMPLE)}"
