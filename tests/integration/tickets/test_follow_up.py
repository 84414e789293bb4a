"""Which ticket an email joins, and what joining makes of its sender and of the ticket."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from daemon.mail.token import Purpose
from daemon.store.jobs import JobKind
from daemon.store.models import InboundRow, MessageRow, Participant, Person, Ticket
from daemon.store.store import Store
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition, Status
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.fakes import NOON
from tests.support.old_tokens import unbound
from tests.support.sent_emails import deliver
from tests.support.smtp_client import KEY, POLICY
from tests.support.store_queries import ask, count, mark

EVE = "eve@evil.example"
BOB = "bob@customer.example"
TEAM = "team@example.com"
PASSED = "Authentication-Results: mx.example.com; dmarc=pass header.from=customer.example"


class TestFollowUp:
    @pytest.fixture
    def first(self, intake: Intake) -> Receipt:
        return intake.accept(inbound(mail(message_id="<question@customer.example>")))

    @pytest.fixture
    def wrote(self, intake: Intake, first: Receipt) -> Callable[..., Receipt]:
        del first

        def write(
            from_: str = ANN, subject: str = "Re: Payment failed", *, to: str = SUPPORT, **fields: Any
        ) -> Receipt:
            return intake.accept(inbound(mail(from_, subject, "more", **fields), mail_from=from_, rcpt_tos=(to,)))

        return write

    def test_a_token_in_the_address_finds_the_ticket(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store
    ) -> None:
        receipt = wrote(to=f"support+{mark(first.ticket_id or 0)}@example.com")
        assert (receipt.disposition, receipt.reference) == (Disposition.FOLLOW_UP, first.reference)
        assert [offer.kind for offer in receipt.offers] == [JobKind.NOTIFY]
        assert count(store, MessageRow) == 2

    def test_a_token_in_the_parent_finds_the_ticket(self, wrote: Callable[..., Receipt], first: Receipt) -> None:
        receipt = wrote(in_reply_to=f"<{mark(first.ticket_id or 0)}.0a@example.com>")
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)

    def test_a_message_id_finds_the_ticket_for_a_participant(
        self, wrote: Callable[..., Receipt], first: Receipt
    ) -> None:
        receipt = wrote(in_reply_to="<question@customer.example>")
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)

    def test_the_message_id_of_our_email_finds_the_ticket(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store
    ) -> None:
        deliver(store, first, "<ours@example.com>")
        receipt = wrote(references="<ours@example.com>")
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)

    @pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED, Status.OPEN])
    def test_a_follow_up_reopens_its_ticket(self, wrote: Callable[..., Receipt], store: Store, status: Status) -> None:
        store.write(lambda session: session.execute(update(Ticket).values(status=status)) and None)
        wrote(in_reply_to="<question@customer.example>")
        assert ask(store, Ticket.status) == [("OPEN",)]

    @pytest.mark.parametrize("status", [Status.CLOSED, Status.SPAM])
    def test_a_follow_up_to_a_closed_ticket_opens_a_related_ticket(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store, status: Status
    ) -> None:
        store.write(lambda session: session.execute(update(Ticket).values(status=status)) and None)
        receipt = wrote(to=f"support+{mark(first.ticket_id or 0)}@example.com")
        assert receipt.disposition is Disposition.TICKET
        assert ask(store, Ticket.status, Ticket.related_id) == [(status, None), ("OPEN", first.ticket_id)]

    @pytest.mark.parametrize(
        ("from_", "headers"),
        [(EVE, ()), (ANN, ()), (EVE, ("Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example",))],
    )
    def test_a_reference_alone_opens_a_related_ticket(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store, from_: str, headers: tuple[str, ...]
    ) -> None:
        receipt = wrote(from_, f"Re: [{first.reference}] Payment failed", headers=headers)
        assert receipt.disposition is Disposition.TICKET
        assert ask(store, Ticket.id, Ticket.related_id) == [
            (first.ticket_id, None),
            (receipt.ticket_id, first.ticket_id),
        ]
        ((_, _), (_, reasons)) = ask(store, InboundRow.id, InboundRow.reasons)
        assert f"possibly related: reference {first.reference} in the subject" in reasons

    def test_a_reference_joins_the_ticket_for_an_authenticated_participant(
        self, wrote: Callable[..., Receipt], first: Receipt
    ) -> None:
        receipt = wrote(ANN, f"[{first.reference}]", headers=(PASSED,))
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)

    def test_an_authenticated_stranger_cannot_join_by_a_participant_in_reply_to(
        self, wrote: Callable[..., Receipt], first: Receipt
    ) -> None:
        passed = "Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example"
        receipt = wrote(EVE, f"[{first.reference}]", headers=(passed, f"Reply-To: {ANN}"))
        assert receipt.disposition is Disposition.TICKET

    def test_a_stranger_with_a_known_message_id_opens_a_separate_ticket(
        self, wrote: Callable[..., Receipt], store: Store
    ) -> None:
        receipt = wrote(EVE, in_reply_to="<question@customer.example>")
        assert receipt.disposition is Disposition.TICKET
        assert ask(store, Ticket.related_id) == [(None,), (None,)]

    def test_a_copied_recipient_is_no_participant(self, wrote: Callable[..., Receipt], store: Store) -> None:
        wrote(in_reply_to="<question@customer.example>", headers=(f"Cc: {EVE}",))
        assert count(store, Person) == 1
        assert wrote(EVE, in_reply_to="<question@customer.example>").disposition is Disposition.TICKET

    def test_a_replayed_token_makes_nobody_a_participant(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store
    ) -> None:
        joined = wrote(EVE, to=f"support+{mark(first.ticket_id or 0)}@example.com")
        assert (joined.disposition, joined.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)
        assert count(store, Participant) == 0
        assert wrote(EVE, in_reply_to="<question@customer.example>").disposition is Disposition.TICKET

    def test_a_replayed_token_makes_who_knows_an_email_of_the_ticket_a_participant_until_it_expires(
        self, intake: Intake, wrote: Callable[..., Receipt], first: Receipt
    ) -> None:
        known = "<question@customer.example>"
        wrote(BOB, to=f"support+{mark(first.ticket_id or 0)}@example.com", in_reply_to=known)
        again = wrote(BOB, in_reply_to=known)
        assert (again.disposition, again.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)
        raw = mail(BOB, "Re: Payment failed", "later", in_reply_to=known)
        late = intake.accept(inbound(raw, mail_from=BOB, received_at=NOON + timedelta(days=32)))
        assert late.disposition is Disposition.TICKET

    def test_the_own_token_makes_a_participant_without_an_end(
        self, intake: Intake, wrote: Callable[..., Receipt], first: Receipt
    ) -> None:
        known = "<question@customer.example>"
        for to in (ANN, BOB, ANN):
            wrote(BOB, to=f"support+{mark(first.ticket_id or 0, to)}@example.com", in_reply_to=known)
        raw = mail(BOB, "Re: Payment failed", "later", in_reply_to=known)
        late = intake.accept(inbound(raw, mail_from=BOB, received_at=NOON + timedelta(days=32)))
        assert (late.disposition, late.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)

    @pytest.mark.parametrize("from_", [EVE, ANN])
    def test_a_token_of_the_team_in_other_hands_is_kept_as_an_outsiders_and_changes_nothing(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store, from_: str
    ) -> None:
        store.write(lambda session: session.execute(update(Ticket).values(status=Status.WAITING)) and None)
        stamp = mark(first.ticket_id or 0, TEAM, Purpose.TEAM)
        receipt = wrote(from_, to=f"support+{stamp}@example.com")
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)
        assert [offer.kind for offer in receipt.offers] == [JobKind.NOTIFY]
        assert ask(store, Ticket.status) == [("WAITING",)]
        assert ask(store, MessageRow.role, MessageRow.by_team)[-1] == ("outside", False)
        assert count(store, Participant) == 0

    @pytest.mark.parametrize(
        ("from_", "purpose", "proves"),
        [(ANN, Purpose.CUSTOMER, True), (BOB, Purpose.CUSTOMER, False), (ANN, Purpose.TEAM, False)],
    )
    def test_only_the_own_token_verifies_a_person(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store, from_: str, purpose: Purpose, *, proves: bool
    ) -> None:
        wrote(from_, to=f"support+{mark(first.ticket_id or 0, ANN, purpose)}@example.com")
        with store.read() as session:
            verified = session.execute(select(Person.verified_at).where(Person.email == from_)).scalar_one()
        assert (verified is not None) is proves

    def test_a_token_of_the_earlier_form_joins_and_verifies_nobody(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store
    ) -> None:
        stamp = unbound(first.ticket_id or 0, ANN, NOON.date(), KEY)
        receipt = wrote(to=f"support+{stamp}@example.com")
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)
        with store.read() as session:
            assert session.execute(select(Person.verified_at).where(Person.email == ANN)).scalar_one() is None

    @pytest.mark.parametrize(
        ("to", "purpose", "role", "status"),
        [
            (TEAM, Purpose.TEAM, "note", "WAITING"),
            (ANN, Purpose.CUSTOMER, "customer", "OPEN"),
            (TEAM, Purpose.CUSTOMER, "customer", "OPEN"),
            ("other-team@example.com", Purpose.TEAM, "outside", "WAITING"),
        ],
    )
    def test_only_a_token_of_the_team_sent_to_its_address_makes_an_email_the_teams(
        self,
        wrote: Callable[..., Receipt],
        first: Receipt,
        store: Store,
        to: str,
        purpose: Purpose,
        role: str,
        status: str,
    ) -> None:
        """A From of the team proves nothing: such an email is announced, as a customer's is."""
        store.write(lambda session: session.execute(update(Ticket).values(status=Status.WAITING)) and None)
        receipt = wrote(TEAM, to=f"support+{mark(first.ticket_id or 0, to, purpose)}@example.com")
        by_team = role == "note"
        state, kind = (Disposition.ANSWER, JobKind.ANSWER) if by_team else (Disposition.FOLLOW_UP, JobKind.NOTIFY)
        assert (receipt.disposition, receipt.ticket_id) == (state, first.ticket_id)
        assert ask(store, Ticket.status) == [(status,)]
        assert ask(store, MessageRow.role, MessageRow.by_team)[-1] == (role, by_team)
        assert [offer.kind for offer in receipt.offers] == [kind]
        assert count(store, Participant) == 0

    def test_a_team_token_of_the_earlier_form_does_not_make_an_email_the_teams(
        self, wrote: Callable[..., Receipt], first: Receipt, store: Store
    ) -> None:
        wrote(TEAM, to=f"support+{unbound(first.ticket_id or 0, TEAM, NOON.date(), KEY, b't')}@example.com")
        assert [found for (found,) in ask(store, MessageRow.by_team)] == [False, False]

    def test_an_address_that_left_the_team_no_longer_speaks_for_it(
        self, intake: Intake, wrote: Callable[..., Receipt], first: Receipt, store: Store
    ) -> None:
        intake.identity = replace(POLICY, teams=())
        wrote(TEAM, to=f"support+{mark(first.ticket_id or 0, TEAM, Purpose.TEAM)}@example.com")
        assert [found for (found,) in ask(store, MessageRow.by_team)] == [False, False]
