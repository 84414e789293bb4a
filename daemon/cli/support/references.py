"""Find a ticket by its reference, typed in any usual way."""

from sqlalchemy.orm import Session

from daemon.cli.support import context, output
from daemon.mail.reference import find_references
from daemon.store.queries import tickets


def existing(session: Session, text: str, prefix: str) -> int:
    """Return the id of a ticket; raises NotFound, with a hint if the text is not a valid reference."""
    found = tickets.find_ticket_id(session, text, prefix)
    if found is not None:
        return found
    typed = text.strip().upper()
    well_formed = find_references(typed, prefix) or find_references(f"{prefix}-{typed}", prefix)
    hint = "" if well_formed else f": not a valid reference, which looks like {prefix}-7K3Q-M9XW"
    raise context.NotFound(f"no ticket {output.line(text, 60)}{hint}; `triaged tickets search` finds tickets by words")
