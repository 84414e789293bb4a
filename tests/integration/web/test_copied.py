"""Whom a customer copied is shown by the API and on the page of the ticket."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import SETTINGS, VIEWER, signed_in, text_of
from tests.support.tickets_for_pages import accepted

BOB = "bob@partner.example"


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def test_the_api_and_the_page_show_whom_a_customer_copied(case: Web) -> None:
    reference = accepted(case, mail(headers=(f"Cc: Bob <{BOB.upper()}>, <script>@x.example",)))
    [message] = case.client.get(f"/tickets/{reference}/messages").json()["messages"]
    assert message["copied"] == [BOB]
    assert f"Also to: {BOB}" in text_of(signed_in(case, VIEWER).get(f"/ui/tickets/{reference}"))


def test_of_an_email_to_us_alone_nobody_is_shown(case: Web) -> None:
    reference = accepted(case, mail())
    [message] = case.client.get(f"/tickets/{reference}/messages").json()["messages"]
    assert message["copied"] == []
    assert "Also to" not in text_of(signed_in(case, VIEWER).get(f"/ui/tickets/{reference}"))


def test_how_many_more_were_copied_is_shown(case: Web) -> None:
    copied = ", ".join(f"p{number:02}@partner.example" for number in range(23))
    reference = accepted(case, mail(headers=(f"Cc: {copied}",)))
    assert "p19@partner.example and 3 more" in text_of(signed_in(case, VIEWER).get(f"/ui/tickets/{reference}"))
