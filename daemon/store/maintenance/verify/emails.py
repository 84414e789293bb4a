"""Rules for received emails: each in one state with a reason, on its ticket, with its raw bytes."""

from sqlalchemy import and_, exists, func, not_, or_
from sqlalchemy.orm import aliased

from daemon.store.jobs import JobKind
from daemon.store.maintenance.verify.rule import Rule, Setting, lists_nothing, live_job, wrong_date
from daemon.store.models import AttachmentRow, Event, InboundRow, MessageRow, Person, Ticket
from daemon.vocabulary import Disposition, MessageRole, SenderKind, SubjectKind

# What a member writes on the command line has no email.
OUR_ROLES = (MessageRole.NOTE, MessageRole.ANSWER)
ON_TICKET = (Disposition.TICKET, Disposition.FOLLOW_UP)


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules, the most important of each table first."""
    return (*_ledger(setting), *_messages(setting), *_others(setting))


def _ledger(setting: Setting) -> tuple[Rule, ...]:
    other, twin = aliased(InboundRow), aliased(InboundRow)
    ticket = exists().where(Ticket.id == InboundRow.ticket_id)
    # The ledger keeps the ticket that an email came to; its message moves when tickets are merged.
    came_to = func.coalesce(MessageRow.moved_from_id, MessageRow.ticket_id)
    message = exists().where(MessageRow.inbound_id == InboundRow.id, came_to == InboundRow.ticket_id)
    is_copy, on_ticket = InboundRow.disposition == Disposition.DUPLICATE, InboundRow.disposition.in_(ON_TICKET)
    original = exists().where(other.id == InboundRow.duplicate_of, other.duplicate_of.is_(None))
    opened_before = exists().where(
        twin.ticket_id == InboundRow.ticket_id, twin.disposition == Disposition.TICKET, twin.id < InboundRow.id
    )
    checking = InboundRow.disposition == Disposition.CHECKING
    checked = live_job(JobKind.CHECK, SubjectKind.INBOUND, InboundRow.id)
    return (
        Rule(InboundRow, "is in no known state", InboundRow.disposition.not_in([d.value for d in Disposition])),
        Rule(InboundRow, "has no reason for its state", lists_nothing(InboundRow.reasons, setting)),
        Rule(InboundRow, "should be on a ticket that exists", and_(on_ticket, not_(ticket))),
        Rule(InboundRow, "should be a message of its ticket", and_(on_ticket, not_(message))),
        Rule(InboundRow, "waits for the check of its sender, and no live job does it", and_(checking, not_(checked))),
        Rule(InboundRow, "is a duplicate without an original", and_(is_copy, not_(original))),
        Rule(
            InboundRow,
            "is no duplicate, but points to another email",
            and_(not_(is_copy), InboundRow.duplicate_of.is_not(None)),
        ),
        Rule(InboundRow, "has no raw email", and_(not_(is_copy), InboundRow.raw.is_(None))),
        Rule(
            InboundRow,
            "has no key by which a copy is recognised",
            and_(not_(is_copy), InboundRow.content_key.is_(None)),
        ),
        Rule(
            InboundRow,
            "opened a ticket that another email opened already",
            and_(InboundRow.disposition == Disposition.TICKET, opened_before),
        ),
        wrong_date(InboundRow, setting, "received_at"),
    )


def _messages(setting: Setting) -> tuple[Rule, ...]:
    elsewhere = exists().where(
        InboundRow.id == MessageRow.inbound_id,
        or_(
            InboundRow.ticket_id != func.coalesce(MessageRow.moved_from_id, MessageRow.ticket_id),
            InboundRow.ticket_id.is_(None),
        ),
    )
    return (
        Rule(MessageRow, "is on another ticket than its email", elsewhere),
        Rule(
            MessageRow,
            "is the text of no email",
            and_(MessageRow.inbound_id.is_(None), MessageRow.role.not_in(OUR_ROLES)),
        ),
        Rule(MessageRow, "has no known role", MessageRow.role.not_in([role.value for role in MessageRole])),
        Rule(MessageRow, "has no known kind of sender", MessageRow.kind.not_in([kind.value for kind in SenderKind])),
        wrong_date(MessageRow, setting, "created_at"),
    )


def _others(setting: Setting) -> tuple[Rule, ...]:
    return (
        Rule(AttachmentRow, "is no part of an email", or_(AttachmentRow.part < 0, AttachmentRow.size < 0)),
        Rule(Person, "has no address", Person.email == ""),
        wrong_date(Person, setting, "created_at", "verified_at"),
        wrong_date(Event, setting, "at"),
    )
