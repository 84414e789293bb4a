"""The feed, and with it the webhooks, say that an email opened a ticket again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from daemon.store.models import Event, Ticket
from daemon.store.queries import feed
from daemon.store.queries.feed import Gaps
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.tickets.release import release
from daemon.vocabulary import Status
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY
from tests.support.store_queries import ask, mark

ANNS_ADDRESS = f"support+{mark(1)}@example.com"


@pytest.fixture
def intake(store: Store) -> Intake:
    """Return an intake with a ticket of Ann's."""
    found = Intake(store, POLICY, Woken())
    found.accept(inbound(mail(message_id="<ann@customer.example>")))
    return found


def change(store: Store, **values: Any) -> None:
    store.write(lambda session: session.execute(update(Ticket).values(values)) and None)


def write(intake: Intake, *headers: str) -> None:
    raw = mail(ANN, "Re: Payment failed", headers=headers)
    intake.accept(inbound(raw, rcpt_tos=(ANNS_ADDRESS,), received_at=NOON + timedelta(hours=1)))


def news(store: Store, act: Callable[[], object]) -> list[tuple[str, dict[str, Any]]]:
    """Return type and data of what the feed says of an action."""
    with store.read() as session:
        before = feed.head(session)
    act()
    with store.read() as session:
        events = feed.read(session, before, Gaps()).events
    return [(event.type.removeprefix("ticket."), dict(event.data)) for event in events]


@pytest.mark.parametrize("was", ["WAITING", "RESOLVED"])
def test_a_customers_email_that_opens_a_ticket_is_a_message_and_a_change_of_the_status(
    intake: Intake, store: Store, was: str
) -> None:
    change(store, status=was)
    [(first, message), (second, changed)] = news(store, lambda: write(intake))
    assert (first, second) == ("message_received", "status_changed")
    assert message == {"message_id": 2}
    assert changed == {"was": was, "status": "OPEN", "until": None, "actor": None}
    assert ask(store, Event.ticket_id, Event.inbound_id)[-1] == (1, 2)


def test_a_customers_email_on_an_open_ticket_changes_no_status(intake: Intake, store: Store) -> None:
    change(store, status="OPEN")
    assert [kind for kind, _ in news(store, lambda: write(intake))] == ["message_received"]


def test_the_change_is_to_the_status_that_the_admin_chose(intake: Intake, store: Store) -> None:
    waiting = replace(POLICY.conversation, after_customer=Status.WAITING)
    intake.identity = replace(POLICY, conversation=waiting)
    change(store, status="RESOLVED")
    assert news(store, lambda: write(intake))[-1][1]["status"] == "WAITING"
    assert [kind for kind, _ in news(store, lambda: write(intake, "X-Again: 1"))] == ["message_received"]


def test_an_automatic_reply_that_is_released_opens_the_ticket_and_the_feed_says_so(
    intake: Intake, store: Store
) -> None:
    write(intake, "Auto-Submitted: auto-replied")
    change(store, status="RESOLVED")
    [(kind, changed)] = news(store, lambda: release(intake, 2, "root", NOON))
    assert (kind, changed["was"], changed["status"]) == ("status_changed", "RESOLVED", "OPEN")


def test_an_automatic_reply_opens_nothing_and_says_nothing_of_the_status(intake: Intake, store: Store) -> None:
    change(store, status="RESOLVED")
    assert "status_changed" not in [
        kind for kind, _ in news(store, lambda: write(intake, "Auto-Submitted: auto-replied"))
    ]
