"""The page of a ticket offers what triage suggests only as long as no person has decided."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in, text_of
from tests.support.tickets_for_pages import DECIDED, UNSURE, accepted

CONFIRM, OTHER = "Payments is right", "Technical 12%"


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store, **SETTINGS) as found:
        yield found


@pytest.fixture
def client(case: Web) -> TestClient:
    return signed_in(case, MEMBER)


def page(client: TestClient, reference: str) -> str:
    return text_of(client.get(f"/ui/tickets/{reference}"))


def test_what_triage_decided_can_be_confirmed_once(case: Web, client: TestClient) -> None:
    reference = accepted(case, mail())
    shown = page(client, reference)
    assert CONFIRM in shown
    assert OTHER in shown
    assert "Words that decided" in shown
    send(client, f"/ui/tickets/{reference}/correct", category=DECIDED.category)
    shown = page(client, reference)
    assert CONFIRM not in shown
    assert OTHER not in shown
    assert "Words that triage weighed" in shown
    # Another opinion still can be given.
    assert "Triage learns from this." in shown


def test_what_a_person_chose_is_not_suggested(case: Web, client: TestClient) -> None:
    reference = accepted(case, mail())
    send(client, f"/ui/tickets/{reference}/correct", category="Technical")
    assert "is right" not in page(client, reference)


def test_another_team_says_nothing_of_the_category(case: Web, client: TestClient) -> None:
    undecided, decided = accepted(case, mail()), accepted(case, mail(subject="another", body="another"))
    send(client, f"/ui/tickets/{decided}/correct", category=DECIDED.category)
    for reference in (undecided, decided):
        send(client, f"/ui/tickets/{reference}/act", action="assign", team="TECH_SUPPORT")
    assert CONFIRM in page(client, undecided)
    assert OTHER in page(client, undecided)
    assert CONFIRM not in page(client, decided)


def test_a_decision_that_was_undone_is_not_suggested_but_that_of_triage_is(case: Web, client: TestClient) -> None:
    reference = accepted(case, mail(), UNSURE)
    send(client, f"/ui/review/{reference}", category="Technical")
    assert CONFIRM not in page(client, reference)
    send(client, f"/ui/review/{reference}/undo")
    shown = page(client, reference)
    assert CONFIRM in shown
    assert "Technical is right" not in shown


def test_a_category_that_was_removed_cannot_be_confirmed(sqlite_store: Store) -> None:
    with web(sqlite_store, **SETTINGS) as case:
        reference = accepted(case, mail())
        settings = case.services.settings
        others = tuple(one for one in settings.categories if one.name != DECIDED.category)
        case.services.settings = settings.model_copy(update={"categories": others})
        shown = page(signed_in(case, MEMBER), reference)
    assert CONFIRM not in shown
    assert OTHER in shown
