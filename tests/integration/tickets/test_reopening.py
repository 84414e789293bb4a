"""What a customer's email does to the status of its ticket, and when it opens a linked one; merged tickets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from daemon.mail.token import Purpose
from daemon.store.models import MessageRow, Ticket
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import Status
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY
from tests.support.store_queries import ask, mark

BOB = "bob@customer.example"
TEAM = "team@example.com"


@pytest.fixture
def intake(store: Store) -> Intake:
    """Return an intake with a ticket of Ann's and one of Bob's."""
    found = Intake(store, POLICY, Woken())
    found.accept(inbound(mail(message_id="<ann@customer.example>")))
    found.accept(inbound(mail(BOB, "Cannot log in", message_id="<bob@customer.example>"), mail_from=BOB))
    return found


def change(store: Store, ticket_id: int, **values: Any) -> None:
    store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values)) and None)


def wrote(intake: Intake, subject: str, stamp: str, from_: str = ANN, *, days: int = 0) -> int | None:
    """Return the ticket that an email by token belongs to."""
    to, at = f"support+{stamp}@example.com", NOON + timedelta(days=days)
    return intake.accept(inbound(mail(from_, subject), mail_from=from_, rcpt_tos=(to,), received_at=at)).ticket_id


@pytest.mark.parametrize(
    ("after_customer", "before", "after"),
    [
        ("OPEN", "WAITING", "OPEN"),
        ("OPEN", "RESOLVED", "OPEN"),
        ("OPEN", "OPEN", "OPEN"),
        ("WAITING", "WAITING", "WAITING"),
        ("WAITING", "RESOLVED", "WAITING"),
        # The team has not answered yet: the setting is about tickets that wait for the customer or were resolved.
        ("WAITING", "OPEN", "OPEN"),
    ],
)
def test_a_customers_email_sets_the_status_that_the_admin_chose(
    intake: Intake, store: Store, after_customer: str, before: str, after: str
) -> None:
    intake.identity = replace(POLICY, conversation=replace(POLICY.conversation, after_customer=Status(after_customer)))
    change(store, 1, status=before)
    assert wrote(intake, "Re: Payment failed", mark(1)) == 1
    assert ask(store, Ticket.status)[0] == (after,)


@pytest.mark.parametrize(
    ("subject", "days", "status", "joins"),
    [
        ("Where is my parcel?", 29, "RESOLVED", True),
        ("Where is my parcel?", 31, "RESOLVED", False),
        ("Where is my parcel?", 31, "WAITING", False),
        ("Re: Payment failed", 31, "RESOLVED", True),
        ("Where is my parcel?", 1, "CLOSED", False),
        ("Where is my parcel?", 1, "SPAM", False),
    ],
)
def test_a_new_subject_opens_a_linked_ticket_where_the_old_one_is_closed_or_old(
    intake: Intake, store: Store, subject: str, days: int, status: str, *, joins: bool
) -> None:
    change(store, 1, status=status)
    ticket_id = wrote(intake, subject, mark(1, days=400), days=days)
    assert ticket_id == (1 if joins else 3)
    assert ask(store, Ticket.status, Ticket.related_id)[0] == ("OPEN" if joins else status, None)
    if not joins:
        assert ask(store, Ticket.status, Ticket.related_id)[-1] == ("OPEN", 1)


def test_reopen_days_is_the_setting(intake: Intake) -> None:
    intake.identity = replace(POLICY, conversation=replace(POLICY.conversation, reopen_for=timedelta(days=3)))
    assert wrote(intake, "Where is my parcel?", mark(1), days=4) == 3


def test_the_subject_with_the_reference_of_the_ticket_is_not_new(intake: Intake, store: Store) -> None:
    ((reference,),) = ask(store, Ticket.reference)[:1]
    assert wrote(intake, f"Re: We received your message [{reference}]", mark(1, days=400), days=31) == 1


class TestMerged:
    @pytest.fixture
    def merged(self, intake: Intake, store: Store) -> Intake:
        """Return an intake where Bob's ticket was merged into Ann's."""
        change(store, 2, merged_into_id=1, status=Status.CLOSED)
        return intake

    @pytest.mark.parametrize("stamp", [mark(1), mark(2)])
    def test_either_token_of_a_customer_joins_the_ticket_that_is_left(self, merged: Intake, stamp: str) -> None:
        assert wrote(merged, "Re: Cannot log in", stamp, BOB) == 1

    @pytest.mark.parametrize("ticket_id", [1, 2])
    def test_either_token_of_a_team_has_power_over_it(self, merged: Intake, store: Store, ticket_id: int) -> None:
        assert wrote(merged, "Re: Cannot log in", mark(ticket_id, TEAM, Purpose.TEAM), TEAM) == 1
        assert ask(store, MessageRow.ticket_id, MessageRow.role)[-1] == (1, "note")

    def test_a_known_message_id_of_the_merged_one_joins_it(self, merged: Intake, store: Store) -> None:
        change(store, 1, requester_id=2)
        raw = mail(BOB, "Re: Payment failed", in_reply_to="<bob@customer.example>")
        assert merged.accept(inbound(raw, mail_from=BOB)).ticket_id == 1

    def test_a_chain_of_merges_is_followed(self, merged: Intake, store: Store) -> None:
        merged.accept(inbound(mail("cid@customer.example", "Third"), mail_from="cid@customer.example"))
        change(store, 3, merged_into_id=2)
        assert wrote(merged, "Re: Third", mark(3), BOB) == 1

    def test_a_circle_of_merges_ends(self, merged: Intake, store: Store) -> None:
        change(store, 1, merged_into_id=2)
        assert wrote(merged, "Re: Cannot log in", mark(1)) in {1, 2, 3}

    def test_a_ticket_that_points_to_nothing_keeps_its_email(self, intake: Intake, store: Store) -> None:
        change(store, 1, merged_into_id=99)
        assert wrote(intake, "Re: Payment failed", mark(1)) == 1
