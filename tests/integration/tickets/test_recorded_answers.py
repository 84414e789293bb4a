"""Answers that members sent themselves: recorded as sent, and not sent again."""

from daemon.store.models import AnswerRow, InboundRow, Ticket
from daemon.store.queries import feed
from daemon.store.queries.feed import Gaps
from daemon.store.store import Store
from daemon.vocabulary import Status
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.members import ANA, EVE, PASSED, PAYMENTS, address, change, jobs, kept, team_mark, write
from tests.support.smtp_client import Running
from tests.support.store_queries import ask, count


def test_a_members_email_to_the_customer_is_recorded_as_sent(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", "Done.", to=ANN, in_reply_to="<question@customer.example>", headers=(PASSED,))
    write(running, raw, SUPPORT)
    disposition, role, by_team, note = kept(store)
    assert (disposition, role, by_team) == ("answer", "answer", True)
    assert "was not sent again" in note
    assert jobs(store) == [("notify", "message")]
    assert ask(store, AnswerRow.state, AnswerRow.author) == [("sent", ANA)]
    ((first, taken),) = ask(store, Ticket.first_answer_at, Ticket.taken_by)
    assert first is not None
    assert taken == ANA


def test_the_feed_tells_of_a_members_email_to_the_customer(running: Running, store: Store) -> None:
    change(store, status=Status.OPEN)
    with store.read() as session:
        before = feed.head(session)
    raw = mail(ANA, "Re: Payment failed", "Done.", to=ANN, in_reply_to="<question@customer.example>", headers=(PASSED,))
    write(running, raw, SUPPORT)
    with store.read() as session:
        events = feed.read(session, before, Gaps()).events
    assert [(event.type.removeprefix("ticket."), event.data["actor"]) for event in events] == [
        ("answered", ANA),
        ("status_changed", ANA),
    ]
    assert (events[1].data["was"], events[1].data["status"]) == ("OPEN", "WAITING")


def test_the_team_in_cc_of_such_an_email_is_not_told_again(running: Running, store: Store) -> None:
    headers = (PASSED, f"Cc: {PAYMENTS.address}")
    raw = mail(ANA, "Re: Payment failed", to=ANN, in_reply_to="<question@customer.example>", headers=headers)
    write(running, raw, SUPPORT)
    assert kept(store)[1] == "answer"
    assert jobs(store) == []


def test_a_forged_email_to_the_customer_is_recorded_as_nobodys(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", to=ANN, in_reply_to="<question@customer.example>")
    write(running, raw, SUPPORT, mail_from=EVE)
    assert ask(store, InboundRow.disposition, InboundRow.ticket_id)[-1] == ("ticket", 2)
    assert count(store, AnswerRow) == 0


def test_a_backfilled_answer_is_recorded_and_not_carried_out(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed")
    running.intake.accept(inbound(raw, mail_from=ANA, rcpt_tos=(address(team_mark()),)), silent=True)
    assert kept(store)[:3] == ("answer", "note", True)
    assert jobs(store) == []
