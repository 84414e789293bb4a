"""Tickets with more messages than one page has: the newest come first, and a link leads to those before."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from daemon.store.queries import ticket_detail
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in, text_of
from tests.support.tickets_for_pages import accepted

NUMBERS = ("Zero", "One", "Two", "Three", "Four")


@pytest.fixture
def case(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(ticket_detail, "MAX_ROWS", 2)
    with web(store, **SETTINGS) as found:
        yield found


@pytest.fixture
def reference(case: Web) -> str:
    made = accepted(case, mail(body=f"{NUMBERS[0]} message."))
    client = signed_in(case, MEMBER)
    for number in NUMBERS[1:]:
        assert send(client, f"/ui/tickets/{made}/write", text=f"{number} message.", kind="note").status_code == 303
    return made


def numbers(text: str) -> list[str]:
    return re.findall(r"\b([A-Z]\w+) message\.", text)


def pages_of(client: TestClient, url: str) -> Iterator[str]:
    while url:
        shown = client.get(url).text
        yield shown
        earlier = re.search(r'href="([^"]+\?before=\d+)">Earlier messages', shown)
        url = earlier[1] if earlier else ""


def test_the_page_of_a_ticket_shows_the_newest_messages_and_leads_to_the_others(case: Web, reference: str) -> None:
    shown = list(pages_of(signed_in(case, MEMBER), f"/ui/tickets/{reference}"))
    assert [numbers(each) for each in shown] == [["Three", "Four"], ["One", "Two"], ["Zero"]]
    assert [f'action="/ui/tickets/{reference}/write"' in each for each in shown] == [True, False, False]


def test_an_answer_to_a_long_ticket_is_sent_from_its_page(case: Web, reference: str) -> None:
    client = signed_in(case, MEMBER)
    form = dict(
        re.findall(r'name="(loaded|newest|status)" value="([^"]*)"', client.get(f"/ui/tickets/{reference}").text)
    )
    answer = send(client, f"/ui/tickets/{reference}/write", text="Five message.", kind="reply", **form)
    assert answer.status_code == 303
    assert "Five message." in text_of(client.get(f"/ui/tickets/{reference}"))


def test_the_api_lists_the_newest_messages_and_leads_to_the_others(case: Web, reference: str) -> None:
    found: list[list[str]] = []
    url = f"/tickets/{reference}/messages"
    while url:
        answer = case.client.get(url)
        found.append([one["text"].partition(" ")[0] for one in answer.json()["messages"]])
        url = answer.links.get("next", {}).get("url", "")
    assert found == [["Three", "Four"], ["One", "Two"], ["Zero"]]


def test_a_number_that_is_none_shows_the_newest_messages(case: Web, reference: str) -> None:
    client = signed_in(case, MEMBER)
    for wrong in ("x", "-1", "0", "9" * 30, "\u0663"):
        assert numbers(client.get(f"/ui/tickets/{reference}", params={"before": wrong}).text) == ["Three", "Four"]
