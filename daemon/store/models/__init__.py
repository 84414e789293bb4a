"""The tables of the database."""

from daemon.store.models.access import ApiToken, IdempotencyKey, SignInRequest, WebSession
from daemon.store.models.base import Base
from daemon.store.models.boilerplate import BoilerplateRow
from daemon.store.models.conversation import AnswerRow
from daemon.store.models.installation import Alarm, SigningKey
from daemon.store.models.ledger import InboundRow, LedgerCount
from daemon.store.models.mailboxes import ImapCursor, ImapLease, ImapUnmarked, ImapUnreadable
from daemon.store.models.queue import DeliveryRow, Job, Suppression
from daemon.store.models.similar import SimilarRow, TicketVector
from daemon.store.models.tickets import AttachmentRow, Decision, Event, MessageRow, Participant, Person, Ticket
from daemon.store.models.webhooks import WebhookDeliveryRow, WebhookRow

__all__ = [
    "Alarm",
    "AnswerRow",
    "ApiToken",
    "AttachmentRow",
    "Base",
    "BoilerplateRow",
    "Decision",
    "DeliveryRow",
    "Event",
    "IdempotencyKey",
    "ImapCursor",
    "ImapLease",
    "ImapUnmarked",
    "ImapUnreadable",
    "InboundRow",
    "Job",
    "LedgerCount",
    "MessageRow",
    "Participant",
    "Person",
    "SignInRequest",
    "SigningKey",
    "SimilarRow",
    "Suppression",
    "Ticket",
    "TicketVector",
    "WebSession",
    "WebhookDeliveryRow",
    "WebhookRow",
]
