"""Intake, the steps of an email without threads, and a listener with a ticket that waits for its customer."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import Status
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.fakes import Woken
from tests.support.members import ROSTER, change, write
from tests.support.pipeline import Pipeline
from tests.support.smtp_client import POLICY, Running


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def intake(store: Store, woken: Woken) -> Intake:
    return Intake(store, POLICY, woken)


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    return Pipeline(store, 10)


@pytest.fixture
def running(store: Store) -> Iterator[Running]:
    """Return a listener with one ticket of PAYMENTS that waits for its customer."""
    with Running(store) as listening:
        listening.intake.identity = ROSTER
        write(listening, mail(message_id="<question@customer.example>"), SUPPORT, mail_from=ANN)
        change(store, status=Status.WAITING, assigned_team="PAYMENTS")
        listening.woken.offers.clear()
        yield listening
