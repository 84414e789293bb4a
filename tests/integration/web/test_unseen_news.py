"""An answer does not cross with what its author should read first: the ticket is shown again, with their text."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in, text_of
from tests.support.tickets_for_pages import accepted

OTHER = "payments-team@example.com"
FIRST = "<first@customer.example>"
WRITE = re.compile(r'<input type="hidden" name="(loaded|newest|status)" value="([^"]*)">')


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def loaded(client: TestClient, path: str) -> dict[str, str]:
    """Return what the form of the answer holds."""
    return dict(WRITE.findall(client.get(path).text))


def customer_writes(case: Web) -> None:
    case.clock.advance(seconds=1)
    accepted(case, mail(subject="Re: Payment failed", body="I found it!", in_reply_to=FIRST, message_id="<b@x>"), None)


def answers(case: Web, path: str) -> list[str]:
    found = case.client.get(f"{path.removeprefix('/ui')}/answers").json()["answers"]
    return [one["state"] for one in found]


def test_what_the_customer_wrote_meanwhile_is_read_first(case: Web) -> None:
    path = f"/ui/tickets/{accepted(case, mail(message_id=FIRST))}"
    client = signed_in(case, MEMBER)
    form = loaded(client, path)
    customer_writes(case)
    shown = send(client, f"{path}/write", text="It is under way.", kind="reply", **form)
    assert shown.status_code == 409
    assert "The customer wrote again meanwhile. Your answer was not sent." in text_of(shown)
    assert "I found it!" in text_of(shown)
    assert ">It is under way.</textarea>" in shown.text
    assert answers(case, path) == []
    again = send(client, f"{path}/write", text="Good!", kind="reply", **dict(WRITE.findall(shown.text)))
    assert again.status_code == 303
    assert answers(case, path) == ["sent"]


@pytest.mark.parametrize(("action", "said"), [("close", "closed"), ("resolve", "resolved"), ("spam", "spam")])
def test_a_ticket_that_a_colleague_finished_is_looked_at_first(case: Web, action: str, said: str) -> None:
    path = f"/ui/tickets/{accepted(case, mail())}"
    client = signed_in(case, MEMBER)
    form = loaded(client, path)
    send(signed_in(case, OTHER), f"{path}/act", action=action)
    shown = send(client, f"{path}/write", text="Hello", kind="reply", **form)
    assert shown.status_code == 409
    assert f"The ticket is {said} by now." in text_of(shown)
    assert send(client, f"{path}/write", text="Hello", kind="reply", **loaded(client, path)).status_code == 303


def test_a_note_is_kept_all_the_same(case: Web) -> None:
    path = f"/ui/tickets/{accepted(case, mail(message_id=FIRST))}"
    client = signed_in(case, MEMBER)
    form = loaded(client, path)
    customer_writes(case)
    assert send(client, f"{path}/write", text="Call her", kind="note", **form).status_code == 303


def test_a_note_or_answer_of_a_colleague_does_not_stop_an_answer(case: Web) -> None:
    path = f"/ui/tickets/{accepted(case, mail())}"
    client = signed_in(case, MEMBER)
    form = loaded(client, path)
    case.clock.advance(seconds=1)
    for kind in ("note", "reply"):
        send(signed_in(case, OTHER), f"{path}/write", text="From me", kind=kind)
    case.clock.advance(seconds=1)
    assert send(client, f"{path}/write", text="Hello", kind="reply", **form).status_code == 303
    assert answers(case, path) == ["sent", "held"]


def test_a_second_click_is_no_news(case: Web) -> None:
    path = f"/ui/tickets/{accepted(case, mail(message_id=FIRST))}"
    client = signed_in(case, MEMBER)
    form = loaded(client, path)
    case.clock.advance(seconds=1)
    send(client, f"{path}/write", text="Hello", kind="reply", **form)
    customer_writes(case)
    assert send(client, f"{path}/write", text="Hello", kind="reply", **form).status_code == 303
    assert answers(case, path) == ["sent"]
