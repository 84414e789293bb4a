"""Made-up tickets for tests of what people read."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from daemon.snapshots import NO_BACKGROUND, Background, TicketSnapshot
from daemon.vocabulary import MANUAL_REVIEW
from workers.notify.contexts import TeamMail, team_mail
from workers.notify.sample_tickets import MARK, SUPPORT, TICKET, TO


def ticket_snapshot(**changes: Any) -> TicketSnapshot:
    """Return a ticket; each change replaces the fields of that name in the ticket, its message and its decision."""
    if "text" in changes:
        changes["length"] = len(changes["text"])
    changed: TicketSnapshot = _with(TICKET, changes)
    return changed


def team_view(
    *,
    attached: Any = (),
    hint: bool = False,
    background: Background = NO_BACKGROUND,
    **changes: Any,
) -> TeamMail:
    """Return what a team's template gets to see of a ticket with these changes."""
    return team_mail(
        ticket_snapshot(**changes),
        support=SUPPORT,
        mark=MARK,
        review_team=MANUAL_REVIEW,
        to=TO,
        background=background,
        attached=attached,
        hint=hint,
    )


def _with(value: Any, changes: dict[str, Any]) -> Any:
    names = {field.name for field in fields(value)}
    parts = {name: part for name in names if is_dataclass(part := getattr(value, name))}
    own = {name: change for name, change in changes.items() if name in names}
    return replace(value, **{name: _with(part, changes) for name, part in parts.items()}, **own)
