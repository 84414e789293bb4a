"""Two members who answer one ticket at once: one answer is sent, the other is held."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from config.settings import Settings
from daemon.store import answers
from daemon.store.models import AnswerRow, Job, MessageRow, Ticket
from daemon.store.store import Store
from daemon.tickets import conversation, held_answers
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import AnswerError, AnswerResult, NewAnswer
from daemon.tickets.intake import Intake
from daemon.vocabulary import AnswerState, MessageRole, ReturnCause
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY
from tests.support.store_queries import ask, count

ROUNDS = 30
RULES = answer_policy(Settings())
ANA, BEN = (Actor(f"{name}@example.com", "TECH_SUPPORT", "email:1") for name in ("ana", "ben"))


def opened(store: Store, number: int = 0) -> int:
    receipt = Intake(store, POLICY, Woken()).accept(inbound(mail(body=f"question {number}")))
    assert receipt.ticket_id is not None
    return receipt.ticket_id


def answer(store: Store, ticket_id: int, actor: Actor) -> AnswerResult:
    new = NewAnswer(ticket_id, actor, f"{actor.name} says", "", NOON)
    return store.write(lambda session: conversation.reply(session, new, RULES, NOON))


def test_two_answers_that_race_end_as_one_sent_and_one_held(store_url: str) -> None:
    stores = (Store(store_url), Store(store_url))
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            ticket_id, start = opened(stores[0], number), Barrier(2)

            def one(store: Store, actor: Actor, ticket_id: int = ticket_id, start: Barrier = start) -> AnswerResult:
                start.wait(30)
                return answer(store, ticket_id, actor)

            results = list(pool.map(one, stores, (ANA, BEN)))
            assert sorted(result.state for result in results) == [AnswerState.HELD, AnswerState.SENT]
            assert {result.recipients for result in results} == {(ANN,)}
    for store in stores:
        store.close()


def test_a_held_answer_is_sent_anyway_once_or_dropped(store: Store) -> None:
    ticket_id = opened(store)
    assert answer(store, ticket_id, ANA).state is AnswerState.SENT
    second = answer(store, ticket_id, BEN)
    assert second.reasons == (ReturnCause.ANSWERED_MEANWHILE,)
    store.write(lambda session: held_answers.send_held(session, second.answer_id, BEN, RULES, NOON))
    with pytest.raises(AnswerError, match="is sent"):
        store.write(lambda session: held_answers.drop(session, second.answer_id, BEN, NOON))
    assert ask(store, AnswerRow.state) == [("sent",), ("sent",)]


def test_a_message_becomes_one_answer_however_often_it_is_worked_on(store: Store) -> None:
    ticket_id = opened(store)
    ((message_id,),) = ask(store, MessageRow.id)
    new = NewAnswer(ticket_id, ANA, "once", "", NOON, message_id)
    jobs_before = count(store, Job)
    first, again = (store.write(lambda session: conversation.reply(session, new, RULES, NOON)) for _ in range(2))
    assert (first.answer_id, again.offers) == (again.answer_id, ())
    assert (count(store, AnswerRow), count(store, Job) - jobs_before) == (1, 1)


def test_an_answer_claims_the_ticket_and_waits_for_the_customer(store: Store) -> None:
    ticket_id = opened(store)
    answer(store, ticket_id, ANA)
    columns = (Ticket.status, Ticket.taken_by, Ticket.first_answer_at)
    assert ask(store, *columns) == [("WAITING", ANA.name, NOON)]


def test_an_email_in_the_same_words_is_held_for_a_day(store: Store) -> None:
    ticket_id = opened(store)

    def send(session: Session, hours: int) -> AnswerState:
        now = NOON + timedelta(hours=hours)
        message_id = answers.add_message(session, ticket_id, "We work on it.", "Re: x", MessageRole.NOTE, now)
        new = NewAnswer(ticket_id, ANA, "We work on it.", "", now, message_id)
        return conversation.reply(session, new, RULES, now).state

    found = [store.write(partial(send, hours=hours)) for hours in (0, 23, 25)]
    assert found == [AnswerState.SENT, AnswerState.HELD, AnswerState.SENT]
