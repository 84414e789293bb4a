"""Rules for tickets and decisions: each ticket is decided or will be, and somebody is notified of it."""

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, not_, or_, select, type_coerce
from sqlalchemy.orm import aliased

from daemon.store.jobs import JobKind, JobState
from daemon.store.maintenance.verify.rule import (
    Rule,
    Setting,
    any_job,
    lists_nothing,
    live_job,
    outside_0_to_1,
    wrong_date,
)
from daemon.store.models import Decision, DeliveryRow, Event, InboundRow, MessageRow, Ticket
from daemon.vocabulary import PENDING, DecidedBy, Priority, Status, SubjectKind

# What is written on a ticket that nobody is notified of.
SAID = ("nobody was told", "job dismissed")
PRIORITIES = [priority.value for priority in Priority]


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules, the most important of each table first."""
    return (*_tickets(setting), *_waits(setting), *_merges(), *_decisions(setting))


def _tickets(setting: Setting) -> tuple[Rule, ...]:
    later = aliased(Decision)
    newest = select(func.max(later.id)).where(later.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
    differs = or_(
        Decision.category != Ticket.category,
        Decision.priority != Ticket.priority,
        func.coalesce(Ticket.assigned_team, "") != Decision.team,
        func.coalesce(Ticket.confidence, -1) != Decision.confidence,
    )
    is_decided = Ticket.category != PENDING
    undecided = or_(Ticket.priority != PENDING, Ticket.confidence.is_not(None), Ticket.assigned_team.is_not(None))
    return (
        Rule(Ticket, "has no inbound email", not_(exists().where(InboundRow.ticket_id == Ticket.id))),
        Rule(
            Ticket,
            "has no message",
            and_(Ticket.merged_into_id.is_(None), not_(exists().where(MessageRow.ticket_id == Ticket.id))),
        ),
        Rule(
            Ticket,
            "is pending, and no live job will decide it",
            and_(not_(is_decided), not_(live_job(JobKind.TRIAGE, SubjectKind.TICKET, Ticket.id))),
        ),
        Rule(Ticket, "is pending, but has what only a decision gives", and_(not_(is_decided), undecided)),
        Rule(
            Ticket,
            "is decided, but has no decision",
            and_(is_decided, not_(exists().where(Decision.ticket_id == Ticket.id))),
        ),
        Rule(
            Ticket,
            "differs from its newest decision",
            and_(is_decided, exists().where(Decision.id == newest, differs)),
        ),
        Rule(
            Ticket,
            "is decided, but has no team",
            and_(is_decided, func.coalesce(Ticket.assigned_team, "") == ""),
        ),
        Rule(Ticket, "is related to itself", Ticket.related_id == Ticket.id),
        Rule(Ticket, "has no known status", Ticket.status.not_in([status.value for status in Status])),
        Rule(Ticket, "has no known priority", Ticket.priority.not_in(PRIORITIES)),
        Rule(Ticket, "has a confidence outside 0 to 1", outside_0_to_1(Ticket.confidence)),
        wrong_date(Ticket, setting, "created_at", "updated_at"),
    )


def _waits(setting: Setting) -> tuple[Rule, ...]:
    waits, ended = Ticket.wait_until.is_not(None), Ticket.status.in_((Status.RESOLVED, Status.CLOSED))
    states = (JobState.READY, JobState.LEASED, JobState.DEAD)
    return (
        Rule(Ticket, "waits until a time, but is not WAITING", and_(waits, Ticket.status != Status.WAITING)),
        Rule(
            Ticket,
            "waits until a time, and no job will open it then",
            and_(waits, not_(any_job(JobKind.WAKE, SubjectKind.TICKET, Ticket.id, *states))),
        ),
        Rule(Ticket, "was resolved, but is not RESOLVED or CLOSED", and_(Ticket.resolved_at.is_not(None), not_(ended))),
        wrong_date(Ticket, setting, "resolved_at", "first_answer_at"),
    )


def _merges() -> tuple[Rule, ...]:
    survivor, origin = aliased(Ticket), aliased(Ticket)
    merged = Ticket.merged_into_id.is_not(None)
    stands = exists().where(survivor.id == Ticket.merged_into_id, survivor.merged_into_id.is_(None))
    came = exists().where(origin.id == MessageRow.moved_from_id, origin.merged_into_id == MessageRow.ticket_id)
    return (
        Rule(Ticket, "is merged into itself, or into one that is merged or does not exist", and_(merged, not_(stands))),
        Rule(Ticket, "is merged, but not CLOSED", and_(merged, Ticket.status != Status.CLOSED)),
        Rule(
            Ticket,
            "is merged, but has messages",
            and_(merged, exists().where(MessageRow.ticket_id == Ticket.id)),
        ),
        Rule(
            MessageRow,
            "came with a ticket that is not merged into its ticket",
            and_(MessageRow.moved_from_id.is_not(None), not_(came)),
        ),
    )


def _decisions(setting: Setting) -> tuple[Rule, ...]:
    before, first = aliased(Decision), aliased(Decision)
    replaced = exists().where(
        before.id == Decision.replaces, before.ticket_id == Decision.ticket_id, before.id < Decision.id
    )
    first_before = exists().where(
        first.ticket_id == Decision.ticket_id, first.replaces.is_(None), first.id < Decision.id
    )
    return (
        Rule(Decision, "notified nobody: it has neither a delivery nor a job, and no event says why", _unnoticed()),
        Rule(Decision, "has no reasons", lists_nothing(Decision.reasons, setting)),
        Rule(
            Decision,
            "replaces no earlier decision on its ticket",
            and_(Decision.replaces.is_not(None), not_(replaced)),
        ),
        Rule(Decision, "is a second first decision", and_(Decision.replaces.is_(None), first_before)),
        Rule(Decision, "decides no category", Decision.category.in_(("", PENDING))),
        Rule(Decision, "decides no team", Decision.team == ""),
        Rule(Decision, "was made by nobody known", Decision.by.not_in([by.value for by in DecidedBy])),
        Rule(
            Decision,
            "has no known priority",
            Decision.priority.not_in([priority for priority in PRIORITIES if priority != PENDING]),
        ),
        Rule(Decision, "has a confidence outside 0 to 1", outside_0_to_1(Decision.confidence)),
        wrong_date(Decision, setting, "at"),
    )


def _unnoticed() -> ColumnElement[bool]:
    """Say whether the first decision on a ticket notified nobody: it always plans at least an acknowledgement.

    Later ones may notify nobody: a confirmation, or a team without an address.
    """
    cause = literal(f"{SubjectKind.DECISION}:") + cast(Decision.id, String)
    delivery = exists().where(type_coerce(DeliveryRow.cause, String) == cause)
    job = any_job(JobKind.NOTIFY, SubjectKind.DECISION, Decision.id, JobState.READY, JobState.LEASED, JobState.DEAD)
    silent = exists().where(Ticket.id == Decision.ticket_id, Ticket.silent)
    said = exists().where(Event.ticket_id == Decision.ticket_id, Event.kind.in_(SAID))
    return and_(Decision.replaces.is_(None), not_(delivery), not_(job), not_(silent), not_(said))
