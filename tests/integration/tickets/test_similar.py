"""Similar earlier tickets: which a team is shown, whose they are, and that nothing of them reaches a customer."""

import pytest
from sqlalchemy import delete, select, update

from daemon.store import vectors
from daemon.store.models import SimilarRow, Ticket, TicketVector
from daemon.store.queries import member_emails, similar
from daemon.store.store import Store
from daemon.store.vectors import NewVector
from daemon.tickets import actions
from tests.support import encoders
from tests.support.encoders import FakeEncoder
from tests.support.fakes import NOON
from tests.support.helpdesk import text_of
from tests.support.similar import HEADING, LOCKED, REFUND, TEAM, ComparedTickets
from workers.actors.our_emails import OurEmails
from workers.learning import semantic

PAYMENTS = "payments-team@example.com"


@pytest.fixture
def tickets(store: Store) -> ComparedTickets:
    return ComparedTickets(store)


def test_a_team_sees_who_answered_a_similar_ticket_and_how_fast(tickets: ComparedTickets) -> None:
    first, other = tickets.write("ann@a.example", REFUND), tickets.write("bob@b.example", LOCKED)
    assert tickets.shown() == []
    tickets.answer(first)
    tickets.write("eve@c.example", "You charged my card for two, please refund the second.")
    assert tickets.shown() == [f"{tickets.reference(first)} (General, answered by ana@example.com in 2 h)"]
    html = tickets.emails(TEAM)[-1].get_body(("html",))
    assert html is not None
    assert f"{tickets.reference(first)} (General, answered by ana@example.com in 2 h)" in html.get_content()
    assert tickets.reference(other) not in text_of(tickets.emails(TEAM)[-1])


def test_at_most_three_are_shown_and_those_without_an_answer_say_so(tickets: ComparedTickets) -> None:
    earlier = [tickets.write(f"u{number}@a.example", REFUND) for number in range(5)]
    tickets.write("eve@c.example", REFUND)
    shown = tickets.shown()
    assert len(shown) == 3
    assert all("not answered yet" in line for line in shown)
    assert {line.split()[0] for line in shown} <= {tickets.reference(one) for one in earlier}


def test_tickets_that_come_together_show_only_earlier_ones(tickets: ComparedTickets) -> None:
    numbers = [tickets.write(f"u{number}@a.example", REFUND, work=False) for number in range(4)]
    tickets.pipeline.work()
    with tickets.store.read() as session:
        for number in numbers:
            assert all(one.ticket_id < number for one in similar.of_ticket(session, number))
        assert len(similar.of_ticket(session, numbers[-1])) == 3


def test_tickets_of_another_team_are_never_shown(tickets: ComparedTickets) -> None:
    secret = tickets.write("ann@a.example", REFUND)
    tickets.assign(secret, "PAYMENTS_TEAM")
    new = tickets.write("eve@c.example", REFUND)
    assert tickets.shown() == []
    tickets.assign(new, "PAYMENTS_TEAM")
    assert [line.split()[0] for line in tickets.shown(PAYMENTS)] == [tickets.reference(secret)]


def test_a_ticket_that_left_the_team_meanwhile_is_shown_nowhere(tickets: ComparedTickets) -> None:
    secret = tickets.write("ann@a.example", REFUND)
    new = tickets.write("eve@c.example", REFUND, work=False)
    # Its team changes between the plan of the notification and the email.
    deliver = tickets.pipeline.executor._actors["deliver"].perform  # type: ignore[index]
    moved: list[int] = []

    def late(lease: object, window: object) -> object:
        if not moved:
            moved.append(secret)
            tickets.store.write(
                lambda session: session.execute(
                    update(Ticket).where(Ticket.id == secret).values(assigned_team="PAYMENTS_TEAM")
                )
            )
        return (yield from deliver(lease, window))

    tickets.pipeline.executor._actors["deliver"].perform = late  # type: ignore[index,method-assign]
    tickets.pipeline.work()
    assert moved
    assert tickets.shown() == []
    with tickets.store.read() as session:
        assert similar.of_ticket(session, new) == ()


@pytest.mark.parametrize("change", ["spam", "merged", "same customer", "another encoder"])
def test_what_is_not_comparable_is_not_shown(tickets: ComparedTickets, change: str) -> None:
    first = tickets.write("ann@a.example", REFUND)
    if change == "spam":
        tickets.act(actions.spam, first)
    elif change == "merged":
        tickets.act(actions.merge, first, tickets.write("bob@b.example", LOCKED))
    elif change == "another encoder":
        tickets.store.write(lambda session: session.execute(update(TicketVector).values(encoder="other-2")))
    tickets.write("ann@a.example" if change == "same customer" else "eve@c.example", REFUND)
    assert tickets.shown() == []


def test_a_merged_ticket_is_shown_once_as_the_one_that_it_was_merged_into(tickets: ComparedTickets) -> None:
    first, second = tickets.write("ann@a.example", REFUND), tickets.write("bob@b.example", REFUND)
    tickets.act(actions.merge, second, first)
    tickets.write("eve@c.example", REFUND)
    assert [line.split()[0] for line in tickets.shown()] == [tickets.reference(first)]


def test_nothing_of_similar_tickets_reaches_a_customer(tickets: ComparedTickets) -> None:
    first = tickets.write("ann@a.example", REFUND)
    new = tickets.write("eve@c.example", REFUND)
    assert tickets.shown()
    tickets.answer(new)
    got = tickets.emails("eve@c.example")
    assert len(got) == 2
    for one in got:
        for part in one.walk():
            said = part.get_content() if not part.is_multipart() else ""
            assert tickets.reference(first) not in said
            assert HEADING not in said
        assert tickets.reference(first) not in str(one.items())


def test_what_was_shown_is_ours_in_an_answer_after_the_earlier_ticket_changed(tickets: ComparedTickets) -> None:
    first = tickets.write("ann@a.example", REFUND)
    new = tickets.write("eve@c.example", REFUND)
    (line,) = tickets.shown()
    tickets.answer(first)
    tickets.assign(first, "PAYMENTS_TEAM")
    with tickets.store.read() as session:
        sent = member_emails._sent(session, new, 0)
    facts = member_emails.MemberEmailFacts(1, new, None, 1, NOON, "", b"", frozenset(), (), sent)
    marks = OurEmails(tickets.store, tickets.pipeline.config).marks(facts, tickets.pipeline.keys, NOON)
    assert any(line in text for text in marks.emails)
    assert HEADING in marks.phrases


@pytest.mark.parametrize("name", ["", "fake-1"])
def test_a_missing_encoder_shows_nothing_and_stops_no_ticket(store: Store, name: str) -> None:
    tickets = ComparedTickets(store, FakeEncoder(name))
    tickets.write("ann@a.example", REFUND)
    tickets.write("eve@c.example", REFUND)
    assert bool(tickets.shown()) == bool(name)
    assert len(tickets.emails(TEAM)) == 2
    with store.read() as session:
        assert len(session.execute(select(TicketVector.ticket_id)).all()) == (2 if name else 0)


def test_damaged_vectors_are_left_out(tickets: ComparedTickets) -> None:
    damaged, empty, good = (tickets.write(f"u{number}@a.example", REFUND) for number in range(3))
    for ticket, vector in ((damaged, b"abc"), (empty, b"")):
        tickets.store.write(
            lambda session, ticket=ticket, vector=vector: vectors.put(session, [NewVector(ticket, "fake-1", vector)])
        )
    tickets.write("eve@c.example", REFUND)
    assert [line.split()[0] for line in tickets.shown()] == [tickets.reference(good)]


def test_a_text_that_says_nothing_is_not_compared(tickets: ComparedTickets) -> None:
    tickets.write("ann@a.example", "refund")
    tickets.write("eve@c.example", "refund")
    assert tickets.shown() == []


def test_a_ticket_whose_own_vector_is_gone_shows_nothing(tickets: ComparedTickets) -> None:
    first = tickets.write("ann@a.example", REFUND)
    gone = delete(TicketVector).where(TicketVector.ticket_id == first)
    tickets.store.write(lambda session: session.execute(gone) and None)
    tickets.write("eve@c.example", REFUND)
    assert tickets.shown() == []


def test_the_vector_goes_with_its_ticket_and_what_was_shown_with_its_decision(store: Store) -> None:
    tickets = ComparedTickets(store)
    tickets.write("ann@a.example", REFUND)
    tickets.write("eve@c.example", REFUND)

    def erase(session: object) -> list[int]:
        from daemon.store.models import (  # noqa: PLC0415 - only here
            AttachmentRow,
            Decision,
            DeliveryRow,
            Event,
            InboundRow,
            MessageRow,
            Participant,
        )

        run = session.execute  # type: ignore[attr-defined]
        run(update(MessageRow).values(inbound_id=None))
        for model in (Event, AttachmentRow, DeliveryRow, MessageRow, Participant, InboundRow, Decision, Ticket):
            run(delete(model))
        return [len(run(select(model)).all()) for model in (TicketVector, SimilarRow)]

    with store.read() as session:
        assert len(session.execute(select(SimilarRow)).all()) == 1
    assert store.write(erase) == [0, 0]


def test_a_silent_ticket_is_not_compared_itself_but_found_later(tickets: ComparedTickets) -> None:
    first = tickets.write("ann@a.example", REFUND, work=False)
    tickets.store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == first).values(silent=True)))
    tickets.pipeline.work()
    tickets.write("eve@c.example", REFUND)
    assert [line.split()[0] for line in tickets.shown()] == [tickets.reference(first)]


@pytest.mark.skipif(bool(encoders.missing()), reason=encoders.missing() or "installed")
def test_the_real_encoder_finds_the_same_problem_in_another_language(sqlite_store: Store) -> None:
    tickets = ComparedTickets(sqlite_store, semantic.shared(enabled=True))
    first = tickets.write(
        "ann@a.example", "I changed my phone and the authenticator app on it is empty, so I have no code.", "New phone"
    )
    tickets.write("bob@b.example", "Could my class of twelve-year-olds visit your factory in spring?", "School visit")
    assert tickets.shown() == []
    tickets.write(
        "eve@c.example", "Mein Telefon ist neu, und mir fehlt der Code aus der Authenticator-App.", "Neues Handy"
    )
    assert [line.split()[0] for line in tickets.shown()] == [tickets.reference(first)]
