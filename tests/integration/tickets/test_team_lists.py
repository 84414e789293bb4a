"""A member answers through the mailing list of a team: kept on the ticket, not obeyed, and the team is told why."""

from dataclasses import replace

import pytest

from daemon.mail.token import Purpose
from daemon.store.models import InboundRow, Ticket
from daemon.store.store import Store
from daemon.vocabulary import Authentication
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.members import (
    ANA,
    EVE,
    PASSED,
    PAYMENTS,
    ROSTER,
    address,
    change,
    demanding,
    jobs,
    kept,
    team_mark,
    write,
)
from tests.support.smtp_client import Running
from tests.support.store_queries import ask, mark

LIST = ("List-Id: Payments <payments.example.com>", f"List-Post: <mailto:{PAYMENTS.address}>")
PARENT = f"<{team_mark()}.0a@example.com>"


def through_list(running: Running, author: str = ANA, *headers: str, body: str = "#close", **fields: str) -> None:
    """Answer the notification through the list of the team, of which support@ is a subscriber."""
    fields = {"in_reply_to": PARENT, **fields}
    raw = mail(author, "Re: Payment failed", body, to=PAYMENTS.address, headers=(*LIST, *headers), **fields)
    write(running, raw, SUPPORT, mail_from="payments-bounces@lists.example")


def test_an_answer_through_the_list_of_the_team_is_kept_and_the_team_is_told(running: Running, store: Store) -> None:
    through_list(running)
    disposition, role, by_team, note = kept(store)
    assert (disposition, role, by_team) == ("follow-up", "outside", False)
    assert note.startswith("This email was kept and not obeyed: it came through a mailing list")
    assert jobs(store) == [("notify", "message")]
    assert ask(store, Ticket.status) == [("WAITING",)]


def test_dmarc_of_the_author_changes_nothing(running: Running, store: Store) -> None:
    """The list may have added lines for its subscribers, which no customer may get."""
    running.intake.identity = demanding(Authentication.DMARC)
    through_list(running, ANA, PASSED)
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert "mailing list" in kept(store)[3]


def test_a_list_that_put_its_own_address_into_from_speaks_for_nobody(running: Running, store: Store) -> None:
    through_list(running, f"Ana via Payments <{PAYMENTS.address}>", f"Reply-To: {ANA}", PASSED)
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert jobs(store) == [("notify", "message")]


def test_a_stranger_who_answers_through_the_list_is_shown_to_the_team(running: Running, store: Store) -> None:
    through_list(running, EVE)
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert jobs(store) == [("notify", "message")]


def test_the_copy_that_the_list_sends_of_an_obeyed_answer_is_not_announced(running: Running, store: Store) -> None:
    own = "<own@example.com>"
    write(running, mail(ANA, "Re: Payment failed", "It is on its way.", message_id=own), address(team_mark()))
    through_list(running, body="It is on its way.\r\n-- \r\nPayments mailing list", message_id=own)
    assert jobs(store) == [("answer", "message")]


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "X-Autoreply: yes"])
def test_a_holiday_note_through_the_list_is_told_to_nobody(running: Running, store: Store, header: str) -> None:
    through_list(running, ANA, header)
    assert ask(store, InboundRow.disposition)[-1] == ("list",)
    assert jobs(store) == []


@pytest.mark.parametrize("parent", ["", "<other@example.com>", f"<{mark(1, ANN, Purpose.CUSTOMER)}.0a@example.com>"])
def test_what_the_team_writes_to_its_list_without_its_token_is_kept_as_a_list(
    running: Running, store: Store, parent: str
) -> None:
    through_list(running, in_reply_to=parent)
    assert ask(store, InboundRow.disposition)[-1] == ("list",)
    assert jobs(store) == []


def test_another_list_of_the_company_stays_a_list(running: Running, store: Store) -> None:
    running.intake.identity = replace(ROSTER, teams=(replace(PAYMENTS, address="refunds@example.com"),))
    change(store, assigned_team="PAYMENTS")
    through_list(running)
    assert ask(store, InboundRow.disposition)[-1] == ("list",)
