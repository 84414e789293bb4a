"""A pipeline whose tickets are compared by an encoder, and what its emails say of similar ones."""

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from typing import Any, Final

from config.settings import Settings
from daemon.store.jobs import JobKind
from daemon.store.store import Store
from daemon.tickets import actions, conversation
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import NewAnswer
from tests.support.emails import mail
from tests.support.encoders import FakeEncoder
from tests.support.helpdesk import text_of
from tests.support.pipeline import Pipeline
from workers.transports.base import no_record
from workers.triage.encoder import Encoder

ANA: Final = Actor("ana@example.com", "MANUAL_REVIEW", "email:1")
REFUND: Final = "I was charged for an order that never came, I want a refund."
LOCKED: Final = "I cannot sign in since Monday, my password is refused every time."
TEAM: Final = "review@example.com"
HEADING: Final = "Similar earlier tickets of your team"


class ComparedTickets:
    """Tickets of several customers. No model decides, so that all of them go to the review team."""

    def __init__(self, store: Store, encoder: Encoder | None = None) -> None:
        self.store, self.pipeline = store, Pipeline(store, 0)
        self.encoder = encoder or FakeEncoder()
        self.sent: list[tuple[str, EmailMessage]] = []
        config = self.pipeline.config
        config.value = replace(config.value, similar=True)
        self.pipeline.executor._actors[JobKind.TRIAGE]._encoder = self.encoder  # type: ignore[attr-defined]
        self.pipeline.transport.send = self._send  # type: ignore[method-assign]

    def _send(self, _from: str, to: str, content: bytes, hand_over: Callable[[], None] = no_record) -> str:
        hand_over()
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.sent.append((to, parsed))
        return "250 taken"

    def write(self, customer: str, body: str, subject: str = "Help", *, work: bool = True, **fields: Any) -> int:
        """Let a customer write, do all that follows, and return the number of the ticket."""
        receipt = self.pipeline.accept(mail(customer, subject, body, **fields), mail_from=customer)
        assert receipt.ticket_id is not None
        if work:
            self.pipeline.work()
        return receipt.ticket_id

    def answer(self, ticket_id: int, text: str = "We have found it.", minutes: int = 120) -> None:
        """Let Ana answer a ticket after some minutes."""
        self.pipeline.clock.advance(minutes=minutes)
        now, rules = self.pipeline.clock.now(), answer_policy(Settings())
        new = NewAnswer(ticket_id, ANA, text, "", now)
        done = self.store.write(lambda session: conversation.reply(session, new, rules, now))
        self.pipeline.woken.offers += done.offers
        self.pipeline.work()

    def act(self, action: Callable[..., Any], ticket_id: int, *rest: Any) -> None:
        """Carry out an action of Ana's, and all that follows."""
        now = self.pipeline.clock.now()
        done = self.store.write(lambda session: action(session, ticket_id, *rest, ANA, now))
        self.pipeline.woken.offers += done.offers
        self.pipeline.work()

    def assign(self, ticket_id: int, team: str) -> None:
        self.act(actions.assign, ticket_id, team)

    def shown(self, to: str = TEAM) -> list[str]:
        """Return what the last email to a team says of similar tickets, a line for each."""
        text = text_of(self.emails(to)[-1])
        if HEADING not in text:
            return []
        after = text.split(HEADING, 1)[1].splitlines()[1:]
        lines = [line for line in after if line.strip()]
        return [line[2:] for line in lines[: next(i for i, one in enumerate(lines) if not one.startswith("- "))]]

    def emails(self, to: str) -> list[EmailMessage]:
        return [one for recipient, one in self.sent if recipient == to]

    def reference(self, ticket_id: int) -> str:
        from daemon.store.models import Ticket  # noqa: PLC0415 - only this helper reads rows

        with self.store.read() as session:
            return session.get_one(Ticket, ticket_id).reference
