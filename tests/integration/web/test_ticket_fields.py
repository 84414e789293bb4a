"""What the API says of a ticket that waits, or that has no messages any more."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import EXAMPLE, Web, web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in
from tests.support.tickets_for_pages import accepted


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def test_a_merged_ticket_names_the_one_that_has_its_messages(case: Web) -> None:
    one, two = accepted(case, mail()), accepted(case, mail(subject="Again"))
    assert case.client.get(f"/tickets/{two}").json()["merged_into"] is None
    before = case.client.get(f"/tickets/{two}").headers["etag"]
    send(signed_in(case, MEMBER), f"/ui/tickets/{two}/act", action="merge", into=one)
    after = case.client.get(f"/tickets/{two}")
    assert after.json()["merged_into"] == one
    assert after.headers["etag"] != before
    listed = {row["reference"]: row["merged_into"] for row in case.client.get("/tickets").json()["tickets"]}
    assert listed == {one: None, two: one}


def test_a_ticket_that_waits_says_until_when(case: Web) -> None:
    reference = accepted(case, mail())
    assert case.client.get(f"/tickets/{reference}").json()["wait_until"] is None
    send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/act", action="wait", days="1")
    assert case.client.get(f"/tickets/{reference}").json()["wait_until"] == "2026-03-03T12:00:00Z"


def test_a_new_ticket_has_the_same_fields(case: Web) -> None:
    opened = case.client.post("/tickets", json=EXAMPLE).json()
    assert set(opened) == set(case.client.get(f"/tickets/{opened['id']}").json())
    assert (opened["merged_into"], opened["wait_until"]) == (None, None)
