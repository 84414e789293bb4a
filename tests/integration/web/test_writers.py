"""Who wrote an answer or a note is on the page of the ticket and in the API, wherever it was written."""

from collections.abc import Iterator

import pytest

from daemon.cli.support import ticket_view
from daemon.store.queries.ticket_detail import ticket_detail
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import ADMIN, MEMBER, SETTINGS, send, signed_in, text_of
from tests.support.tickets_for_pages import accepted


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def messages(case: Web, reference: str) -> list[tuple[str, str | None, str | None, int | None]]:
    found = case.client.get(f"/tickets/{reference}/messages").json()["messages"]
    return [(one["role"], one["author"], one["state"], one["answer"]) for one in found]


def test_notes_and_answers_have_authors(case: Web) -> None:
    reference = accepted(case, mail())
    send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/write", text="Call her", kind="note")
    case.client.post(f"/tickets/{reference}/notes", json={"text": "From the shop"})
    send(signed_in(case, ADMIN), f"/ui/tickets/{reference}/write", text="We look at it", kind="reply")
    shown = text_of(signed_in(case, MEMBER).get(f"/ui/tickets/{reference}"))
    assert "unknown sender" not in shown
    assert f"{MEMBER} note" in shown
    assert "http:all note" in shown
    assert f"{ADMIN} answer" in shown
    assert messages(case, reference) == [
        ("customer", "ann@customer.example", None, None),
        ("note", MEMBER, None, None),
        ("note", "http:all", None, None),
        ("answer", ADMIN, "sent", 1),
    ]


def test_an_answer_that_came_back_is_told_from_a_note(case: Web) -> None:
    reference = case.client.post("/tickets", json={"title": "Payment failed", "description": "x"}).json()["reference"]
    answer = case.client.post(f"/tickets/{reference}/reply", json={"text": "To nobody"}).json()
    assert messages(case, reference)[1] == ("note", "http:all", "returned", answer["id"])


def test_the_author_of_a_note_is_known_after_a_merge(case: Web) -> None:
    one, two = accepted(case, mail()), accepted(case, mail(subject="Again"))
    send(signed_in(case, MEMBER), f"/ui/tickets/{two}/write", text="Call her", kind="note")
    send(signed_in(case, ADMIN), f"/ui/tickets/{two}/act", action="merge", into=one)
    assert ("note", MEMBER, None, None) in messages(case, one)
    assert f"{MEMBER} note" in text_of(signed_in(case, MEMBER).get(f"/ui/tickets/{one}"))


def test_the_command_line_names_the_author_of_a_note(case: Web) -> None:
    reference = accepted(case, mail())
    send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/write", text="Call her", kind="note")
    with case.store.read() as session:
        found = ticket_detail(session, 1)
        assert found
        row = ticket_view.as_row(found)
    assert [(one["role"], one["from"]) for one in row["messages"]][1] == ("note", MEMBER)
