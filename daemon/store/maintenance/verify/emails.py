"""Rules for received emails: each in one state with a reason, on its ticket, with its raw bytes."""

from sqlalchemy import and_, exists, func, not_, or_
from sqlalchemy.orm import aliased

from daemon.store.jobs import JobKind
from daemon.store.maintenance.verify.rule import Rule, Setting, lists_nothing, live_job, wrong_date
from daemon.store.models import AttachmentRow, Event, Inbound, MessageRow, Person, Ticket
from daemon.vocabulary import Disposition, MessageRole, SenderKind, SubjectKind

# What a member writes on the command line has no email.
OUR_ROLES = (MessageRole.NOTE, MessageRole.ANSWER)
ON_TICKET = (Disposition.TICKET, Disposition.FOLLOW_UP)


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules, the most important of each table first."""
    return (*_ledger(setting), *_messages(setting), *_others(setting))


def _ledger(setting: Setting) -> tuple[Rule, ...]:
    other, twin = aliased(Inbound), aliased(Inbound)
    ticket = exists().where(Ticket.id == Inbound.ticket_id)
    # The ledger keeps the ticket that an email came to; its message moves when tickets are merged.
    came_to = func.coalesce(MessageRow.moved_from_id, MessageRow.ticket_id)
    message = exists().where(MessageRow.inbound_id == Inbound.id, came_to == Inbound.ticket_id)
    is_copy, on_ticket = Inbound.disposition == Disposition.DUPLICATE, Inbound.disposition.in_(ON_TICKET)
    original = exists().where(other.id == Inbound.duplicate_of, other.duplicate_of.is_(None))
    opened_before = exists().where(
        twin.ticket_id == Inbound.ticket_id, twin.disposition == Disposition.TICKET, twin.id < Inbound.id
    )
    checking = Inbound.disposition == Disposition.CHECKING
    checked = live_job(JobKind.CHECK, SubjectKind.INBOUND, Inbound.id)
    return (
        Rule(Inbound, "is in no known state", Inbound.disposition.not_in([d.value for d in Disposition])),
        Rule(Inbound, "has no reason for its state", lists_nothing(Inbound.reasons, setting)),
        Rule(Inbound, "should be on a ticket that exists", and_(on_ticket, not_(ticket))),
        Rule(Inbound, "should be a message of its ticket", and_(on_ticket, not_(message))),
        Rule(Inbound, "waits for the check of its sender, and no live job does it", and_(checking, not_(checked))),
        Rule(Inbound, "is a duplicate without an original", and_(is_copy, not_(original))),
        Rule(
            Inbound,
            "is no duplicate, but points to another email",
            and_(not_(is_copy), Inbound.duplicate_of.is_not(None)),
        ),
        Rule(Inbound, "has no raw email", and_(not_(is_copy), Inbound.raw.is_(None))),
        Rule(
            Inbound,
            "has no key by which a copy is recognised",
            and_(not_(is_copy), Inbound.content_key.is_(None)),
        ),
        Rule(
            Inbound,
            "opened a ticket that another email opened already",
            and_(Inbound.disposition == Disposition.TICKET, opened_before),
        ),
        wrong_date(Inbound, setting, "received_at"),
    )


def _messages(setting: Setting) -> tuple[Rule, ...]:
    elsewhere = exists().where(
        Inbound.id == MessageRow.inbound_id,
        or_(
            Inbound.ticket_id != func.coalesce(MessageRow.moved_from_id, MessageRow.ticket_id),
            Inbound.ticket_id.is_(None),
        ),
    )
    return (
        Rule(MessageRow, "is on another ticket than its email", elsewhere),
        Rule(
            MessageRow,
            "is the text of no email",
            and_(MessageRow.inbound_id.is_(None), MessageRow.role.not_in(OUR_ROLES)),
        ),
        Rule(MessageRow, "has no known kind of sender", MessageRow.kind.not_in([kind.value for kind in SenderKind])),
        wrong_date(MessageRow, setting, "created_at"),
    )


def _others(setting: Setting) -> tuple[Rule, ...]:
    return (
        Rule(AttachmentRow, "is no part of an email", or_(AttachmentRow.part < 0, AttachmentRow.size < 0)),
        wrong_date(Person, setting, "created_at", "verified_at"),
        wrong_date(Event, setting, "at"),
    )
