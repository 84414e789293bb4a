"""Tickets that are longer than others: logs, many files, long conversations; and those without a subject."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, VIEWER, send, signed_in, text_of
from tests.support.tickets_for_pages import accepted


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store, **SETTINGS) as found:
        yield found


def shown(case: Web, reference: str) -> str:
    return str(signed_in(case, MEMBER).get(f"/ui/tickets/{reference}").text)


def test_a_long_log_is_folded(case: Web) -> None:
    page = shown(case, accepted(case, mail(body="\r\n".join(f"line {number}." for number in range(500)))))
    head, rest = page.split("<summary>Show the rest of this message</summary>")
    assert "line 10." in head
    assert "line 499." not in head
    assert "line 499." in rest


def test_a_text_that_is_cut_says_so(case: Web) -> None:
    page = shown(case, accepted(case, mail(body="word " * 30_000)))
    assert "This page has the first 100,000 characters of the email." in page
    assert "characters of the email" not in shown(case, accepted(case, mail(message_id="<b@x.example>")))


def test_of_many_files_the_first_are_shown(case: Web) -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "ann@customer.example", "support@example.com", "Files"
    made.set_content("See these files.")
    for number in range(40):
        made.add_attachment(b"x", maintype="application", subtype="pdf", filename=f"{number}.pdf")
    page = shown(case, accepted(case, made.as_bytes()))
    head, rest = page.split("<summary>30 more files</summary>")
    assert ">9.pdf<" in head
    assert ">10.pdf<" not in head
    assert ">39.pdf<" in rest


def test_a_long_conversation_leads_to_its_form(case: Web) -> None:
    reference = accepted(case, mail())
    assert 'href="#answer"' not in shown(case, reference)
    client = signed_in(case, MEMBER)
    for text in ("One", "Two"):
        send(client, f"/ui/tickets/{reference}/write", text=text, kind="note")
    assert 'href="#answer"' in shown(case, reference)
    assert 'href="#answer"' not in signed_in(case, VIEWER).get(f"/ui/tickets/{reference}").text


def test_a_ticket_without_subject_has_a_title(case: Web) -> None:
    reference = accepted(case, mail(subject=""))
    assert f"<title>{reference}: (no subject)" in shown(case, reference)


class TestSearch:
    @pytest.mark.parametrize("form", ["{0}", " {0} ", "{1}", "[{0}]"])
    def test_a_reference_leads_to_its_ticket_whatever_its_status(self, case: Web, form: str) -> None:
        reference = accepted(case, mail())
        client = signed_in(case, MEMBER)
        send(client, f"/ui/tickets/{reference}/act", action="close")
        typed = form.format(reference, reference.lower().replace("-", ""))
        answer = client.get("/ui", params={"status": "OPEN", "text": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/ui/tickets/{reference}")

    def test_what_only_another_status_has_is_one_click_away(self, case: Web) -> None:
        reference = accepted(case, mail())
        client = signed_in(case, MEMBER)
        send(client, f"/ui/tickets/{reference}/act", action="close")
        page = client.get("/ui", params={"text": "debited"})
        assert "No open ticket matches. The newest 20,000 were searched; a complete" in text_of(page)
        everywhere = re.search(r'<a href="([^"]+)">Look in tickets of every status</a>', page.text)
        assert everywhere is not None
        found = client.get(everywhere[1].replace("&amp;", "&"))
        assert reference in found.text
        assert "Look in tickets of every status" not in found.text


def test_an_address_that_was_cut_is_explained_in_words_of_the_page(case: Web) -> None:
    answer = signed_in(case, MEMBER).get("/ui?cursor=nonsense")
    assert answer.status_code == 422
    assert "This address is not one of the inbox." in text_of(answer)
