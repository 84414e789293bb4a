"""A merge is undone: what belonged to each ticket returns, unless a customer got an email meanwhile."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from daemon.mail.token import Purpose, Token, digest, sign
from daemon.store import deliveries
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.models import AnswerRow, MessageRow
from daemon.tickets import actions
from daemon.tickets.actions import ActionError
from daemon.vocabulary import AnswerState, MailKind, MessageRole, Status, Subject, SubjectKind
from tests.support.emails import mail
from tests.support.merging import ANN, BOB, CY, EVA, go_on, merge, messages, opened, people, problems, row, split
from tests.support.pipeline import Pipeline


def answer(pipeline: Pipeline, ticket: int, state: AnswerState = AnswerState.SENT) -> None:
    """Add an answer of a member to a ticket."""
    now = pipeline.clock.now()

    def write(session: Session) -> None:
        message = {
            "ticket_id": ticket,
            "kind": "person",
            "message_id": "",
            "subject": "",
            "text": "",
            "created_at": now,
        }
        message |= {"acknowledge": False, "verified": True, "by_team": True, "role": MessageRole.ANSWER}
        (number,) = session.execute(insert(MessageRow).returning(MessageRow.id), [message]).scalars().all()
        values = {
            "ticket_id": ticket,
            "message_id": number,
            "state": state,
            "reasons": ["a reason"],
            "author": EVA.name,
        }
        values |= {"team": "PAYMENTS_TEAM", "text": "", "html": "", "created_at": now}
        session.execute(insert(AnswerRow), [values])

    pipeline.store.write(write)


def test_a_survivor_is_split_from_what_was_merged_last(pipeline: Pipeline) -> None:
    one, two, other = opened(pipeline, ANN), opened(pipeline, BOB), opened(pipeline, CY)
    merge(pipeline, two, other)
    merge(pipeline, one, other)
    split(pipeline, other)
    assert messages(pipeline) == {one: [None], other: [two, None]}
    split(pipeline, other)
    assert messages(pipeline) == {one: [None], two: [None], other: [None]}
    with pytest.raises(ActionError, match="nothing was merged into"):
        split(pipeline, other)
    assert problems(pipeline) == []


def test_what_was_merged_before_is_carried_along_and_comes_back(pipeline: Pipeline) -> None:
    one, two, three = opened(pipeline, ANN), opened(pipeline, BOB), opened(pipeline, CY)
    merge(pipeline, one, two)
    merge(pipeline, two, three)
    assert messages(pipeline) == {three: [one, two, None]}
    assert [row(pipeline, ticket).merged_into_id for ticket in (one, two, three)] == [three, three, None]
    assert problems(pipeline) == []
    split(pipeline, two)
    assert messages(pipeline) == {two: [one, None], three: [None]}
    assert problems(pipeline) == []
    split(pipeline, one)
    assert messages(pipeline) == {one: [None], two: [None], three: [None]}
    assert problems(pipeline) == []


def test_what_was_carried_along_can_be_split_alone(pipeline: Pipeline) -> None:
    one, two, three = opened(pipeline, ANN), opened(pipeline, BOB), opened(pipeline, CY)
    merge(pipeline, one, two)
    merge(pipeline, two, three)
    split(pipeline, one)
    assert messages(pipeline) == {one: [None], three: [two, None]}
    split(pipeline, two)
    assert messages(pipeline) == {one: [None], two: [None], three: [None]}
    assert problems(pipeline) == []


@pytest.mark.parametrize("state", list(AnswerState))
def test_a_merge_is_final_once_a_customer_got_an_answer(pipeline: Pipeline, state: AnswerState) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    merge(pipeline, one, two)
    pipeline.clock.advance(seconds=5)
    answer(pipeline, two, state)
    if state is AnswerState.SENT:
        with pytest.raises(ActionError, match="a customer got an email after they were merged"):
            split(pipeline, one)
    else:
        split(pipeline, one)


def test_an_answer_from_before_the_merge_moves_with_its_ticket(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    answer(pipeline, one)
    for ticket, act in ((two, lambda: merge(pipeline, one, two)), (one, lambda: split(pipeline, one))):
        act()
        with pipeline.store.read() as session:
            assert session.execute(select(AnswerRow.ticket_id)).scalar_one() == ticket


@pytest.mark.parametrize(
    ("state", "kind", "final"),
    [
        (DeliveryState.PLANNED, MailKind.ANSWER, True),
        (DeliveryState.SENT, MailKind.ANSWER, True),
        (DeliveryState.SENT, MailKind.ACKNOWLEDGEMENT, True),
        (DeliveryState.SUPPRESSED, MailKind.ANSWER, False),
        (DeliveryState.SENT, MailKind.FOLLOW_UP, False),
    ],
)
def test_only_an_email_to_a_customer_makes_a_merge_final(
    pipeline: Pipeline, state: DeliveryState, kind: MailKind, *, final: bool
) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    merge(pipeline, one, two)
    pipeline.clock.advance(seconds=5)
    now = pipeline.clock.now()
    planned = NewDelivery(Subject(SubjectKind.TICKET, two), kind, BOB, two, "<a@b>", state, "a reason", now)
    pipeline.store.write(lambda session: deliveries.add(session, [planned]))
    if final:
        with pytest.raises(ActionError, match="a customer got an email"):
            split(pipeline, one)
    else:
        split(pipeline, one)


def test_people_who_wrote_meanwhile_stay_with_what_they_wrote(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    merge(pipeline, one, two)
    key = pipeline.keys[0]
    token = sign(Token(Purpose.CUSTOMER, two, digest(ANN, key), date(2027, 1, 1)), key)
    joined = pipeline.accept(mail(ANN, body="more"), f"support+{token}@example.com")
    assert joined.ticket_id == two
    split(pipeline, one)
    assert people(pipeline, two) == {ANN}
    assert messages(pipeline) == {one: [None], two: [None, None]}
    assert problems(pipeline) == []


def test_a_wait_goes_on_after_a_split_or_is_over(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    go_on(pipeline, lambda s: actions.wait(s, one, timedelta(days=2), EVA, pipeline.clock.now()))
    until = row(pipeline, one).wait_until
    merge(pipeline, one, two)
    assert row(pipeline, one).wait_until is None
    split(pipeline, one)
    assert (row(pipeline, one).status, row(pipeline, one).wait_until) == (Status.WAITING, until)
    assert problems(pipeline) == []
    merge(pipeline, one, two)
    pipeline.wait(days=3)
    assert row(pipeline, one).status == Status.CLOSED
    split(pipeline, one)
    assert (row(pipeline, one).status, row(pipeline, one).wait_until) == (Status.OPEN, None)
