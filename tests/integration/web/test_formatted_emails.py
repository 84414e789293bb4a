"""The page of a ticket offers an email as its sender formatted it only where it has HTML."""

import os
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import web
from tests.support.pages import MEMBER, SETTINGS, signed_in
from tests.support.tickets_for_pages import accepted

OFFERED, RAW = "As the sender formatted it", "Download the email as it came"


def email(*, html: bool = False, file: bytes = b"") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann <ann@customer.example>", "support@example.com", "Order"
    made["Message-ID"] = "<order@customer.example>"
    made.set_content("My order.")
    if html:
        made.add_alternative("<p>My <b>order</b>.</p>", subtype="html")
    if file:
        made.add_attachment(file, maintype="application", subtype="pdf", filename="a.pdf")
    return made.as_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("raw", "offered"),
    [
        (email(), False),
        (email(html=True), True),
        (email(html=True).replace(b"text/html", b"Text/HTML"), True),
        (email(html=True, file=os.urandom(300_000)), True),
        (email(file=os.urandom(300_000)), False),
        (mail(), False),
        (mail(body="<p>no HTML</p>"), False),
    ],
    ids=["text", "both", "capitals", "both and a file", "text and a file", "no type", "tags in text"],
)
def test_what_has_no_html_is_not_offered_as_formatted(raw: bytes, offered: bool, store: Store) -> None:
    with web(store, **SETTINGS) as case:
        page = signed_in(case, MEMBER).get(f"/ui/tickets/{accepted(case, raw)}").text
        assert (OFFERED in page, RAW in page) == (offered, True)


def test_a_request_over_http_is_not_offered_as_formatted(store: Store) -> None:
    with web(store, **SETTINGS) as case:
        assert OFFERED not in signed_in(case, MEMBER).get(f"/ui/tickets/{case.opened()['reference']}").text


def test_html_in_a_signed_email_is_offered(store: Store) -> None:
    raw = Path("tests/emails/smime-signed-in-pieces.eml").read_bytes()
    with web(store, **SETTINGS) as case:
        client, reference = signed_in(case, MEMBER), accepted(case, raw)
        assert OFFERED in client.get(f"/ui/tickets/{reference}").text
