"""A change of a ticket begins while a merge of it is not committed: no email stays behind, nothing is done by half."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from daemon.mail.token import Purpose
from daemon.store import jobs
from daemon.store.models import AnswerRow, InboundRow, MessageRow
from daemon.store.store import Store
from daemon.tickets import actions, conversation, held_answers
from daemon.tickets.action_base import lock_any
from daemon.tickets.answer_values import AnswerError, AnswerResult, NewAnswer
from daemon.tickets.intake import Intake
from daemon.tickets.release import release
from daemon.vocabulary import AnswerState, Disposition, Status
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.merging import ANN, BOB, EVA, merge, opened, problems, row
from tests.support.pipeline import Pipeline
from tests.support.races import overlap
from tests.support.store_queries import ask, mark


def merging(one: int, two: int) -> Callable[[Session], object]:
    return lambda session: actions.merge(session, one, two, EVA, NOON)


def intake_of(pipeline: Pipeline, store: Store) -> Intake:
    return Intake(store, pipeline.intake.identity, Woken())


def token(pipeline: Pipeline, ticket: int) -> str:
    return f"support+{mark(ticket, ANN, Purpose.CUSTOMER, pipeline.keys[0])}@example.com"


def places(pipeline: Pipeline) -> dict[int, int]:
    """Return the number of messages of each ticket that has any."""
    found: dict[int, int] = {}
    for (ticket,) in ask(pipeline.store, MessageRow.ticket_id):
        found[ticket] = found.get(ticket, 0) + 1
    return found


def test_an_email_that_comes_during_a_merge_joins_the_survivor(pipeline: Pipeline, store_url: str) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    pipeline.store.write(lambda session: actions.resolve(session, two, EVA, NOON))
    follow_up = inbound(mail(ANN, "Re: more", "and another thing"), rcpt_tos=(token(pipeline, one),))
    receipt = overlap(store_url, merging(one, two), lambda store: intake_of(pipeline, store).accept(follow_up))
    assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, two)
    assert places(pipeline) == {two: 3}
    assert (row(pipeline, one).status, row(pipeline, two).status) == (Status.CLOSED, Status.OPEN)
    pipeline.wait(seconds=10)
    assert problems(pipeline) == []


def test_a_held_answer_that_is_sent_during_a_merge_is_an_answer_of_the_survivor(
    pipeline: Pipeline, store_url: str
) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    policy = pipeline.config.value.answers
    new = NewAnswer(one, EVA, "Eva says", "", NOON, internal=("a line of ours",))
    kept = pipeline.store.write(lambda session: conversation.reply(session, new, policy, NOON))
    assert kept.state is AnswerState.HELD

    def send(store: Store) -> AnswerResult:
        return store.write(lambda session: held_answers.send_held(session, kept.answer_id, EVA, policy, NOON))

    overlap(store_url, merging(one, two), send)
    assert ask(pipeline.store, AnswerRow.ticket_id, AnswerRow.state) == [(two, AnswerState.SENT)]
    assert (row(pipeline, one).status, row(pipeline, two).status) == (Status.CLOSED, Status.WAITING)
    assert (row(pipeline, one).first_answer_at, row(pipeline, two).first_answer_at) == (None, NOON)
    pipeline.wait(seconds=10)
    assert problems(pipeline) == []


def test_a_held_answer_is_sent_once_by_two_presses(pipeline: Pipeline, store_url: str) -> None:
    one = opened(pipeline, ANN)
    policy = pipeline.config.value.answers
    new = NewAnswer(one, EVA, "Eva says", "", NOON, internal=("a line of ours",))
    kept = pipeline.store.write(lambda session: conversation.reply(session, new, policy, NOON))

    def send(session: Session) -> AnswerResult:
        return held_answers.send_held(session, kept.answer_id, EVA, policy, NOON)

    with pytest.raises(AnswerError, match="is sent since"):
        overlap(store_url, send, lambda store: store.write(send))


def test_an_automatic_reply_that_is_released_during_a_merge_reopens_the_survivor(
    pipeline: Pipeline, store_url: str
) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    away = mail(ANN, "Away", headers=("Auto-Submitted: auto-replied",))
    kept = pipeline.intake.accept(inbound(away, rcpt_tos=(token(pipeline, one),)))
    assert kept.disposition is Disposition.AUTO_REPLY
    pipeline.store.write(lambda session: actions.resolve(session, two, EVA, NOON))
    receipt = overlap(
        store_url, merging(one, two), lambda store: release(intake_of(pipeline, store), kept.inbound_id, "anna", NOON)
    )
    assert receipt.ticket_id == two
    assert (row(pipeline, one).status, row(pipeline, two).status) == (Status.CLOSED, Status.OPEN)
    # The ledger keeps the ticket that it came to.
    assert ask(pipeline.store, InboundRow.disposition, InboundRow.ticket_id)[-1] == (Disposition.FOLLOW_UP, one)
    pipeline.wait(seconds=10)
    assert problems(pipeline) == []


def test_merges_and_splits_of_a_chain_that_overlap_never_wait_in_a_circle(pipeline: Pipeline, store_url: str) -> None:
    one, two, three = (opened(pipeline, f"{name}@chain.example") for name in ("a", "b", "c"))
    merge(pipeline, one, two)
    later = pipeline.clock.now()

    overlap(
        store_url,
        lambda session: lock_any(session, one),
        lambda store: store.write(merging(two, three)),
        lambda session: actions.split(session, one, EVA, later),
    )
    assert row(pipeline, one).merged_into_id is None
    assert row(pipeline, two).merged_into_id == three
    assert problems(pipeline) == []


def test_an_email_of_a_member_that_is_given_up_during_a_merge_is_returned_on_the_survivor(
    pipeline: Pipeline, store_url: str
) -> None:
    one, two = opened(pipeline, ANN, "PAYMENTS_TEAM"), opened(pipeline, BOB)
    team = pipeline.config.value.teams["PAYMENTS_TEAM"]
    stamp = mark(one, team, Purpose.TEAM, pipeline.keys[0])
    given = pipeline.accept(mail(team, "Re: it", "We look at it"), f"support+{stamp}@example.com", mail_from=team)
    assert (given.disposition, given.ticket_id) == (Disposition.ANSWER, one)
    lease = pipeline.store.write(lambda session: jobs.claim(session, given.offers[0].job_id, "here", NOON))
    assert lease is not None
    actor = pipeline.executor._actors[jobs.JobKind.ANSWER]
    overlap(
        store_url,
        merging(one, two),
        lambda store: store.write(lambda session: actor.give_up(session, lease, "it failed")),
    )
    assert ask(pipeline.store, AnswerRow.ticket_id, AnswerRow.state) == [(two, AnswerState.RETURNED)]
    assert places(pipeline) == {two: 3}
