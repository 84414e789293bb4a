"""Forms that were filled in wrongly: the page of the ticket comes back, with the mistake beside the form."""

import re
from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, VIEWER, browser, send, signed_in, text_of
from tests.support.tickets_for_pages import accepted

MISTAKE = '<p class="bad" id="mistake" role="alert">'


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def form_with_mistake(page: str) -> str:
    """Return the form in which the mistake is."""
    forms: list[str] = re.findall(r"<form.*?</form>", page, re.DOTALL)
    return next(one for one in forms if MISTAKE in one)


@pytest.mark.parametrize(
    ("form", "status", "mistake", "kept"),
    [
        ({"action": "wait", "days": "400"}, 422, "A ticket waits for 1 to 366 days.", 'value="400"'),
        ({"action": "merge", "into": "HD-XXXX"}, 409, "There is no ticket HD-XXXX.", 'value="HD-XXXX"'),
        ({"action": "merge", "into": " "}, 422, "Name the ticket to merge into.", 'id="into"'),
        ({"action": "assign", "team": "NONE"}, 422, "Choose one of the teams.", 'name="team"'),
    ],
)
def test_an_action_keeps_what_was_typed(case: Web, form: dict[str, str], status: int, mistake: str, kept: str) -> None:
    reference = accepted(case, mail())
    answer = send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/act", **form)
    assert answer.status_code == status
    found = form_with_mistake(answer.text)
    assert mistake in found
    assert kept in found


def test_a_mistake_of_no_field_is_above_the_ticket(case: Web) -> None:
    reference = accepted(case, mail())
    answer = send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/act", action="nothing")
    assert answer.status_code == 400
    assert text_of(answer).index("There is no such action.") < text_of(answer).index("Amount debited")


def test_an_answer_that_is_too_long_keeps_its_text(case: Web) -> None:
    reference, text = accepted(case, mail()), "long & wide " * 20_000
    answer = send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/write", text=text, kind="reply")
    assert answer.status_code == 422
    assert "This is longer than 200000 characters." in form_with_mistake(answer.text)
    assert "long &amp; wide long &amp; wide" in form_with_mistake(answer.text)


def test_a_wrong_correction_is_explained_at_the_correction(case: Web) -> None:
    reference = accepted(case, mail())
    answer = send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/correct", category="Nothing")
    assert answer.status_code == 422
    assert "Choose one of the categories." in form_with_mistake(answer.text)


def test_an_answer_that_is_not_held_any_more_leads_back_to_the_ticket(case: Web) -> None:
    reference = accepted(case, mail())
    answer = send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/answers/77", kind="drop")
    assert answer.status_code == 409
    assert "This answer is not held any more." in text_of(answer)
    assert "Amount debited" in text_of(answer)


def test_a_form_out_of_date_gives_the_text_back_on_the_ticket(case: Web) -> None:
    reference = accepted(case, mail())
    form = {"csrf": "old", "text": "What I wrote", "kind": "reply"}
    answer = signed_in(case, MEMBER).post(f"/ui/tickets/{reference}/write", data=form)
    assert answer.status_code == 403
    assert "What I wrote" in form_with_mistake(answer.text)


def test_a_viewer_who_acts_is_led_back_to_the_ticket(case: Web) -> None:
    reference = accepted(case, mail())
    answer = send(signed_in(case, VIEWER), f"/ui/tickets/{reference}/act", action="close")
    assert answer.status_code == 403
    assert f'<a href="/ui/tickets/{reference}">' in answer.text


def test_a_ticket_without_an_address_says_that_nobody_can_be_answered(case: Web) -> None:
    asked = {"title": "Payment failed", "description": "Amount debited"}
    reference = case.client.post("/tickets", json=asked).json()["reference"]
    shown = text_of(signed_in(case, MEMBER).get(f"/ui/tickets/{reference}"))
    assert "No address of the customer is known" in shown
    assert "No address of the customer is known" not in text_of(
        signed_in(case, MEMBER).get(f"/ui/tickets/{accepted(case, mail())}")
    )


class TestWhatIsNoPage:
    """A browser gets a page also where there is none."""

    @pytest.mark.parametrize("path", ["/ui/nothing", "/ui/tickets", "/ui/tickets/a/b/c"])
    def test_an_unknown_address_is_a_page(self, case: Web, path: str) -> None:
        answer = signed_in(case, MEMBER).get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "To the inbox" in text_of(answer)
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_the_address_of_a_form_that_is_loaded_again_is_a_page(self, case: Web) -> None:
        answer = signed_in(case, MEMBER).get("/ui/models/rehearse")
        assert answer.status_code == 404
        assert "To the inbox" in text_of(answer)

    def test_a_form_that_is_too_large_is_answered_by_a_page(self, case: Web) -> None:
        answer = signed_in(case, MEMBER).post("/ui/try", data={"text": "x" * 2_000_000})
        assert answer.status_code == 413
        assert "at most 1048576 bytes" in text_of(answer)

    def test_a_path_with_a_slash_at_its_end_is_the_page(self, case: Web) -> None:
        answer = signed_in(case, MEMBER).get("/ui/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui")

    def test_programs_get_problem_details(self, case: Web) -> None:
        answer = case.client.get("/tickets/1/nothing")
        assert answer.headers["content-type"] == "application/problem+json"

    def test_a_stranger_sees_no_more_than_the_way_to_sign_in(self, case: Web) -> None:
        shown = text_of(browser(case).get("/ui/nothing"))
        assert "Sign in" in shown
        assert "Inbox" not in shown
