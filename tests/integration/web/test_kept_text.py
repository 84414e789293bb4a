"""What somebody typed is never lost: not by a session that ended, nor by a ticket that changed meanwhile."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, browser, csrf_of, send, signed_in, text_of
from tests.support.tickets_for_pages import UNSURE, accepted
from tests.support.web_tools import FakeTools

TEXT = 'Dear Ann,\n\n<b>it</b> is "done" & paid.'


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, tools=FakeTools(), **SETTINGS) as found:
        yield found


def typed(page: str) -> str:
    """Return the text in the field of a page."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


class TestAfterTheSessionEnded:
    def test_the_text_is_kept_and_nothing_is_sent(self, case: Web) -> None:
        path = f"/ui/tickets/{accepted(case, mail())}"
        client = signed_in(case, MEMBER)
        form = {"csrf": csrf_of(client), "text": TEXT, "kind": "reply"}
        send(client, "/ui/sign-out/everywhere")
        answer = client.post(f"{path}/write", data=form)
        assert answer.status_code == 401
        assert typed(answer.text) == TEXT
        assert "Nothing was sent" in text_of(answer)
        assert 'href="/ui/sign-in" target="_blank"' in answer.text
        assert form["csrf"] not in answer.text
        assert case.client.get(f"{path.removeprefix('/ui')}/answers").json() == {"answers": []}

    def test_after_the_next_sign_in_it_is_sent_from_the_ticket(self, case: Web) -> None:
        path = f"/ui/tickets/{accepted(case, mail())}"
        kept = browser(case).post(f"{path}/write", data={"csrf": "old", "text": TEXT, "kind": "reply"})
        client = signed_in(case, MEMBER)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', kept.text))
        ticket = client.post(f"{path}/write", data={**fields, "text": typed(kept.text)})
        assert ticket.status_code == 403
        assert "you signed in again" in text_of(ticket)
        assert typed(ticket.text) == TEXT
        assert case.client.get(f"{path.removeprefix('/ui')}/answers").json() == {"answers": []}
        sent = send(client, f"{path}/write", text=typed(ticket.text), kind="reply")
        assert sent.status_code == 303

    def test_the_sign_in_leads_to_the_ticket(self, case: Web) -> None:
        path = f"/ui/tickets/{accepted(case, mail())}"
        for form in ({"text": TEXT, "kind": "reply"}, {"action": "close"}):
            answer = browser(case).post(f"{path}/write", data=form)
            assert f"triaged_next={path.encode().hex()}" in answer.headers["set-cookie"]

    def test_a_trial_keeps_its_email(self, case: Web) -> None:
        assert typed(browser(case).post("/ui/try", data={"text": "Subject: Hi\n\nText"}).text) == "Subject: Hi\n\nText"
        answer = signed_in(case, MEMBER).post("/ui/try", data={"csrf": "old", "text": "Subject: Hi\n\nText"})
        assert (answer.status_code, typed(answer.text)) == (403, "Subject: Hi\n\nText")

    def test_a_form_of_another_site_is_not_offered_to_be_sent(self, case: Web) -> None:
        path = f"/ui/tickets/{accepted(case, mail())}/write"
        for client in (browser(case), signed_in(case, MEMBER)):
            answer = client.post(path, data={"text": "evil", "kind": "reply"}, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403
            assert "<button" not in answer.text


class TestTicketThatChanged:
    def test_a_ticket_that_was_merged_gives_the_text_back(self, case: Web) -> None:
        first, second = accepted(case, mail()), accepted(case, mail(subject="Other", message_id="<b@x.example>"))
        client = signed_in(case, MEMBER)
        send(client, f"/ui/tickets/{first}/act", action="merge", into=second)
        answer = send(client, f"/ui/tickets/{first}/write", text=TEXT, kind="reply")
        assert answer.status_code == 409
        assert typed(answer.text) == TEXT
        assert f'<a href="/ui/tickets/{second}">' in answer.text


class TestSentTwice:
    @pytest.mark.parametrize(("kind", "said"), [("reply", "goes to ann@"), ("note", "note is kept")])
    def test_two_clicks_are_one(self, case: Web, kind: str, said: str) -> None:
        path = f"/ui/tickets/{accepted(case, mail())}"
        client = signed_in(case, MEMBER)
        loaded = re.findall(r'name="loaded" value="([^"]+)"', client.get(path).text)[0]
        for _ in range(2):
            case.clock.advance(seconds=1)
            answer = send(client, f"{path}/write", text=TEXT, kind=kind, loaded=loaded)
            assert answer.status_code == 303
            assert said in text_of(client.get(path))
        assert len(case.client.get(f"{path.removeprefix('/ui')}/messages").json()["messages"]) == 2

    @pytest.mark.parametrize("kind", ["reply", "note"])
    def test_another_text_another_person_and_a_new_page_are_not_repetitions(self, case: Web, kind: str) -> None:
        path = f"/ui/tickets/{accepted(case, mail())}"
        first, second = signed_in(case, MEMBER), signed_in(case, "payments-team@example.com")
        loaded = case.clock.now().isoformat()
        for client, text, at in (
            (first, "Done", loaded),
            (first, "Done!", loaded),
            (second, "Done", loaded),
            (first, "Done", ""),
        ):
            case.clock.advance(seconds=1)
            send(client, f"{path}/write", text=text, kind=kind, loaded=at or case.clock.now().isoformat())
        assert len(case.client.get(f"{path.removeprefix('/ui')}/messages").json()["messages"]) == 5

    def test_two_clicks_on_a_category_of_the_review_are_one(self, case: Web) -> None:
        reference = accepted(case, mail(), UNSURE)
        client = signed_in(case, MEMBER)
        for category in ("Payments", "Login"):
            answer = send(client, f"/ui/review/{reference}", category=category)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/ui/review?last={reference}")
        assert case.client.get(f"/tickets/{reference}").json()["category"] == "Payments"
