"""The review when something is undone, skipped, or decided by two people."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from daemon.store.models import Ticket
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import ADMIN, MEMBER, SETTINGS, csrf_of, send, signed_in, text_of
from tests.support.tickets_for_pages import UNSURE, accepted

HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">')


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def waiting(case: Web, number: int) -> list[str]:
    references = []
    for count in range(number):
        case.clock.advance(seconds=1)
        references.append(accepted(case, mail(subject=f"Number {count}"), UNSURE))
    return references


def pressed(client: TestClient, url: str, action: str, **form: str) -> str:
    """Press a button of the page at a URL, with the hidden fields of its form; return where it leads."""
    shown = client.get(url).text
    start = shown.index(f'action="{action}"')
    fields = dict(HIDDEN.findall(shown[start : shown.index("</form>", start)]))
    return str(client.post(action, data={**fields, **form}).headers["location"])


def asked(client: TestClient, url: str, references: list[str]) -> str:
    """Return the ticket that a page of the review asks about, "" for none."""
    shown = text_of(client.get(url))
    return next((each for each in references if f"{each} ·" in shown), "")


def status_of(case: Web, reference: str) -> str:
    with case.store.read() as session:
        return session.execute(select(Ticket.status).where(Ticket.reference == reference)).scalar_one()


def test_what_is_undone_is_asked_next(case: Web) -> None:
    _, second, third = references = waiting(case, 3)
    client = signed_in(case, MEMBER)
    url = pressed(client, "/ui/review?after=1", f"/ui/review/{second}", category="Technical")
    assert asked(client, url, references) == third
    url = pressed(client, url, f"/ui/review/{second}/undo")
    assert asked(client, url, references) == second


def test_a_ticket_stays_skipped_after_a_decision(case: Web) -> None:
    _, second, third = references = waiting(case, 3)
    client = signed_in(case, MEMBER)
    url = pressed(client, "/ui/review?after=1", f"/ui/review/{second}", category="Technical")
    assert asked(client, url, references) == third
    url = pressed(client, url, f"/ui/review/{second}/undo")
    url = pressed(client, url, f"/ui/review/{second}", category="Login")
    assert asked(client, url, references) == third


def test_many_skipped_tickets_leave_the_review_in_place(case: Web) -> None:
    first, second = references = waiting(case, 2)
    client = signed_in(case, MEMBER)
    many = ".".join(str(number) for number in range(1_000_000, 1_000_100))
    url = pressed(client, f"/ui/review?after={many}", f"/ui/review/{first}", category="Technical")
    assert url.startswith("/ui/review?")
    assert asked(client, url, references) == second


def test_after_a_decision_of_a_colleague_the_next_ticket_is_asked(case: Web) -> None:
    first, second = waiting(case, 2)
    client = signed_in(case, MEMBER)
    send(signed_in(case, ADMIN), f"/ui/review/{first}", category="Technical")
    answer = client.post(f"/ui/review/{first}", data={"csrf": csrf_of(client), "category": "Login"})
    assert answer.status_code == 409
    assert "Somebody else decided about this ticket meanwhile" in text_of(answer)
    assert f"{second} ·" in text_of(answer)


def test_says_of_a_ticket_that_resembles_none_only_that_triage_was_not_sure(case: Web) -> None:
    waiting(case, 1)
    shown = text_of(signed_in(case, MEMBER).get("/ui/review"))
    assert "Asked now: triage was not sure." in shown


def test_spam_leaves_the_queue_and_comes_back_when_it_is_undone(case: Web) -> None:
    first, second = references = waiting(case, 2)
    client = signed_in(case, MEMBER)
    url = pressed(client, "/ui/review?after=1000", f"/ui/review/{first}", category="Technical")
    url = pressed(client, url, f"/ui/review/{second}/spam")
    assert asked(client, url, references) == ""
    assert status_of(case, second) == "SPAM"
    url = pressed(client, url, f"/ui/review/{second}/undo")
    assert asked(client, url, references) == second


def test_only_who_marked_spam_undoes_it_in_the_review(case: Web) -> None:
    (reference,) = waiting(case, 1)
    send(signed_in(case, ADMIN), f"/ui/review/{reference}/spam")
    answer = send(signed_in(case, MEMBER), f"/ui/review/{reference}/undo")
    assert answer.status_code == 409
    assert status_of(case, reference) == "SPAM"


def test_a_ticket_that_a_colleague_decided_is_not_spam(case: Web) -> None:
    first, second = waiting(case, 2)
    client = signed_in(case, MEMBER)
    send(signed_in(case, ADMIN), f"/ui/review/{first}", category="Technical")
    answer = client.post(f"/ui/review/{first}/spam", data={"csrf": csrf_of(client)})
    assert answer.status_code == 409
    assert f"{second} ·" in text_of(answer)
    assert status_of(case, first) == "OPEN"


def test_spam_that_is_pressed_twice_is_marked_once(case: Web) -> None:
    (reference,) = waiting(case, 1)
    client = signed_in(case, MEMBER)
    for _ in range(2):
        assert send(client, f"/ui/review/{reference}/spam").status_code == 303
    assert text_of(client.get(f"/ui/tickets/{reference}")).count("marked as spam") == 1
