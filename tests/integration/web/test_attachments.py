"""The bytes of attachments and of whole emails are downloads, whatever they claim to be."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.support.emails import SUPPORT, inbound
from tests.support.http import Web, problem

FILES = [
    ("bill.html", b"<script>alert(1)</script>", "text", "html"),
    ('Rechnung "März"/..\\.pdf', bytes(range(256)) * 40, "application", "pdf"),
    ("empty.txt", b"", "text", "plain"),
]


def accept(case: Web) -> tuple[str, list[dict[str, object]], bytes]:
    """Take an email with files in; return the path of its ticket, its attachments, and the email."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "ana@example.com", SUPPORT, "files"
    message["Message-ID"] = "<files@example.com>"
    message.set_content("See the files.")
    for name, content, main, sub in FILES:
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    raw = message.as_bytes()
    path = f"/tickets/{case.intake.accept(inbound(raw)).reference}"
    [shown] = case.client.get(f"{path}/messages").json()["messages"]
    return path, shown["attachments"], raw


def test_a_file_is_what_was_sent_and_no_browser_shows_it(case: Web) -> None:
    path, files, _ = accept(case)
    assert len(files) == len(FILES)
    for file, (name, content, _, _) in zip(files, FILES, strict=True):
        answer = case.client.get(f"{path}/attachments/{file['id']}")
        assert answer.content == content, name
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not {"/", '"', "\\"} & set(answer.headers["content-disposition"].partition("''")[2])


def test_a_whole_email_is_what_was_sent(case: Web) -> None:
    path, _, raw = accept(case)
    [message] = case.client.get(f"{path}/messages").json()["messages"]
    answer = case.client.get(f"/mail/{message['mail']}/raw")
    assert answer.content == raw
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("number", ["99", "0", "x"])
def test_a_file_that_is_not_there_is_not_found(number: str, case: Web) -> None:
    path, _, _ = accept(case)
    assert problem(case.client.get(f"{path}/attachments/{number}"))[0] in {404, 422}


def test_a_file_is_not_found_on_another_ticket(case: Web) -> None:
    _, files, _ = accept(case)
    other = case.opened()["reference"]
    assert problem(case.client.get(f"/tickets/{other}/attachments/{files[0]['id']}")) == (404, "not-found")
