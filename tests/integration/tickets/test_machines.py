"""What machines send: kept, shown on its ticket, and a bounce fails only the delivery that it names."""

import pytest
from sqlalchemy import select, update

from daemon.store import ledger
from daemon.store.models import DeliveryRow, Event, InboundRow, Job, MessageRow, Suppression, Ticket
from daemon.store.store import Store
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.tickets.release import release
from daemon.vocabulary import Disposition, Status
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON
from tests.support.sent_emails import bounce, deliver
from tests.support.store_queries import ask, count, mark


class TestMachines:
    @pytest.fixture
    def ticket(self, intake: Intake) -> Receipt:
        return intake.accept(inbound(mail(message_id="<question@customer.example>")))

    @pytest.mark.parametrize(
        ("raw", "mail_from", "state"),
        [
            (mail(headers=("Auto-Submitted: auto-replied",)), ANN, Disposition.AUTO_REPLY),
            (mail(headers=("List-Id: <news.example.net>",)), ANN, Disposition.LIST),
            (mail(message_id=f"<{mark(1)}.0a@example.com>"), ANN, Disposition.OWN),
            (mail(headers=(f"X-Triaged-Loop: {mark(1)}",)), ANN, Disposition.OWN),
            (mail("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender"), "", Disposition.BOUNCE),
            (mail(), "", Disposition.AUTO_REPLY),
        ],
    )
    def test_an_email_from_a_machine_is_kept_and_causes_no_job(
        self, intake: Intake, store: Store, raw: bytes, mail_from: str, state: Disposition
    ) -> None:
        receipt = intake.accept(inbound(raw, mail_from=mail_from))
        assert (receipt.disposition, receipt.offers, receipt.reference) == (state, (), None)
        assert (count(store, Ticket), count(store, Job)) == (0, 0)
        ((disposition, reasons),) = ask(store, InboundRow.disposition, InboundRow.reasons)
        assert disposition == state
        assert reasons
        with store.read() as session:
            assert ledger.raw_of(session, receipt.inbound_id) == raw

    @pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED])
    def test_an_auto_reply_is_shown_on_its_ticket_and_opens_none(
        self, intake: Intake, store: Store, ticket: Receipt, status: Status
    ) -> None:
        store.write(lambda session: session.execute(update(Ticket).values(status=status)) and None)
        raw = mail(
            subject="Automatic reply: Payment failed",
            in_reply_to=f"<{mark(ticket.ticket_id or 0)}.0a@example.com>",
            headers=("Auto-Submitted: auto-replied",),
        )
        receipt = intake.accept(inbound(raw))
        assert (receipt.disposition, receipt.ticket_id, receipt.offers) == (
            Disposition.AUTO_REPLY,
            ticket.ticket_id,
            (),
        )
        assert ask(store, Ticket.status) == [(status,)]
        assert [kind for kind, _ in ask(store, MessageRow.kind, MessageRow.acknowledge)] == ["person", "auto-reply"]
        assert count(store, Job) == 1

    def test_a_bounce_of_our_email_fails_its_delivery_and_suppresses_the_address(
        self, intake: Intake, store: Store, ticket: Receipt
    ) -> None:
        sent = f"<{mark(ticket.ticket_id or 0)}.0a@example.com>"
        deliver(store, ticket, sent)
        receipt = intake.accept(inbound(bounce(sent, ANN), mail_from=""))
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.BOUNCE, ticket.ticket_id)
        assert ask(store, DeliveryRow.state) == [("failed",)]
        with store.read() as session:
            assert session.execute(select(Suppression.email)).scalars().all() == [ANN]
        assert [kind for (kind,) in ask(store, Event.kind)] == ["delivery failed"]
        assert count(store, Job) == 1

    @pytest.mark.parametrize(("status", "kind"), [("5.1.1", "delivery failed"), ("4.4.1", "delivery given up")])
    def test_a_released_bounce_leaves_its_delivery_sent(
        self, intake: Intake, store: Store, ticket: Receipt, status: str, kind: str
    ) -> None:
        sent = f"<{mark(ticket.ticket_id or 0)}.0a@example.com>"
        deliver(store, ticket, sent)
        intake.accept(inbound(bounce(sent, ANN, "Mail", status), mail_from=""))
        assert ask(store, DeliveryRow.state) == [("failed",)]
        assert ask(store, Event.kind) == [(kind,)]
        release(intake, 2, "root", NOON)
        assert ask(store, DeliveryRow.state, DeliveryRow.reason) == [("sent", "")]
        assert count(store, Suppression) == 0

    def test_a_forged_bounce_suppresses_nobody(self, intake: Intake, store: Store, ticket: Receipt) -> None:
        deliver(store, ticket, f"<{mark(ticket.ticket_id or 0)}.0a@example.com>")
        intake.accept(inbound(bounce("<guessed@example.com>", ANN), mail_from=""))
        assert ask(store, DeliveryRow.state) == [("sent",)]
        assert count(store, Suppression) == 0

    def test_a_bounce_suppresses_the_recipient_and_not_the_address_it_names(
        self, intake: Intake, store: Store, ticket: Receipt
    ) -> None:
        sent = f"<{mark(ticket.ticket_id or 0)}.0a@example.com>"
        deliver(store, ticket, sent)
        intake.accept(inbound(bounce(sent, "victim@other.example"), mail_from=""))
        with store.read() as session:
            assert session.execute(select(Suppression.email)).scalars().all() == [ANN]
