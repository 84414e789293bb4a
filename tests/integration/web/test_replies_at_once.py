"""Two people or programs answer one customer at the same moment by HTTP: one answer is sent, the other is held."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from config.settings import Settings
from daemon.store.models import AnswerRow
from daemon.tickets import conversation
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import NewAnswer
from daemon.vocabulary import AnswerState
from tests.support.http import Web
from tests.support.races import overlap
from tests.support.store_queries import ask

EVA = Actor("eva@example.com", "PAYMENTS_TEAM", "web")


def answered_by_eva(case: Web, ticket: int) -> Callable[[Session], object]:
    policy, now = answer_policy(Settings()), case.clock.now()
    new = NewAnswer(ticket, EVA, "Eva says", "", now)
    return lambda session: conversation.reply(session, new, policy, now)


def reply(case: Web, ticket: int) -> str:
    return str(case.client.post(f"/tickets/{ticket}/reply", json={"text": "We look at it"}).json()["state"])


def test_a_reply_that_comes_before_another_is_committed_is_held(case: Web, store_url: str) -> None:
    ticket = case.opened(email="ann@customer.example")["id"]
    first = answered_by_eva(case, ticket)
    # The request of the second comes while the first is being written.
    case.clock.advance(seconds=1)
    assert overlap(store_url, first, lambda _: reply(case, ticket)) == AnswerState.HELD
    assert ask(case.store, AnswerRow.state) == [(AnswerState.SENT,), (AnswerState.HELD,)]


def test_a_reply_some_seconds_later_is_sent(case: Web) -> None:
    ticket = case.opened(email="ann@customer.example")["id"]
    case.store.write(answered_by_eva(case, ticket))
    case.clock.advance(seconds=20)
    assert reply(case, ticket) == AnswerState.SENT
