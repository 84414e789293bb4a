"""The API and the page of the health show jobs that are due later, and do not say that no job waits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from daemon.store.models import Job
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import SETTINGS, VIEWER, signed_in, text_of
from tests.support.tickets_for_pages import accepted
from tests.support.web_tools import FakeTools


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store, tools=FakeTools(), **SETTINGS) as found:
        yield found


def test_a_job_that_is_due_later_is_shown(case: Web) -> None:
    accepted(case, mail(), None)
    due = case.clock.now() + timedelta(minutes=7)
    case.store.write(
        lambda session: session.execute(update(Job).values(due_at=due, last_error="mail.example.com refused"))
    )
    shown = text_of(signed_in(case, VIEWER).get("/ui/health"))
    assert "1 job is due later; the next is triage ticket:1, due at " in shown
    assert "mail.example.com refused" in shown
    assert "No job waits" not in shown


def test_the_statistics_have_the_jobs_that_are_due_later(case: Web) -> None:
    accepted(case, mail(), None)
    due = case.clock.now() + timedelta(minutes=7)
    case.store.write(lambda session: session.execute(update(Job).values(due_at=due, last_error="refused")))
    counts = case.client.get("/stats").json()
    assert counts["oldest_due"] is None
    later = counts["due_later"]
    assert (later["number"], later["job"], later["reason"]) == (1, "triage ticket:1", "refused")
