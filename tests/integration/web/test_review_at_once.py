"""Two people who decide about one ticket in the review at the same moment, in two processes."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store.models import Ticket
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.tickets.actor import Actor
from daemon.tickets.corrections import Correction
from daemon.vocabulary import Priority
from tests.support.emails import mail
from tests.support.fakes import NOON
from tests.support.http import web
from tests.support.pages import ADMIN, MEMBER, SETTINGS, csrf_of, signed_in
from tests.support.tickets_for_pages import UNSURE, accepted

THEIRS = Correction(category="Login", team="IDENTITY_TEAM", priority=None, default_priority=Priority.LOW)


def test_a_decision_that_another_process_commits_meanwhile_stays(store_url: str) -> None:
    store, other = Store(store_url), Store(store_url)
    with web(store, **SETTINGS) as case, ThreadPoolExecutor(1) as pool:
        reference, client = accepted(case, mail(), UNSURE), signed_in(case, MEMBER)
        form = {"csrf": csrf_of(client), "category": "Technical"}
        pressed = []

        def decided(session: Session) -> None:
            actions.correct(session, 1, THEIRS, Actor(ADMIN, "MANUAL_REVIEW", "web"), NOON)
            pressed.append(pool.submit(client.post, f"/ui/review/{reference}", data=form))
            # Long enough that the other process has looked at the ticket.
            sleep(0.5)

        other.write(decided)
        assert pressed[0].result(30).status_code == 409
        with store.read() as session:
            assert session.execute(select(Ticket.category)).scalar_one() == "Login"
    store.close()
    other.close()
