"""The text inside an email that a list wrapped is the author's; that inside an email that a person forwards is not."""

import pytest

from daemon.mail.mime.parse import parse

EMAIL = """From: {sender}
To: support@shop.example
Cc: Ann Example <ann@customer.example>
Subject: {subject}
{headers}MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

The outer words
--b
Content-Type: message/rfc822

From: Ann Example <ann@customer.example>
Subject: Payment failed

#close
--b--
"""
LISTED = "List-Post: <mailto:support@shop.example>\n"


def text(sender: str, headers: str, subject: str = "Payment failed") -> str:
    return parse(EMAIL.format(sender=sender, headers=headers, subject=subject).encode()).text


def test_the_text_of_a_wrapped_email_comes_first() -> None:
    assert text("Ann via Support <support@shop.example>", LISTED).startswith("#close\n")


@pytest.mark.parametrize("headers", ["", LISTED])
@pytest.mark.parametrize("subject", ["Payment failed", "Fwd: Payment failed"])
def test_the_words_of_an_email_that_a_member_forwards_are_not_the_members(headers: str, subject: str) -> None:
    assert "#close" not in text("Eva <eva@shop.example>", headers, subject)
