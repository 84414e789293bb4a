"""A reaction with an emoji, as Gmail and Outlook send it, and what is none."""

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.reply.reaction import is_reaction
from tests.support.emails import mail

GMAIL = (
    "--b\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\N{THUMBS UP SIGN}\r\n\r\nAnn reacted via Gmail\r\n\r\n"
    "On Mon, 2 Mar 2026, 12:00 Support wrote:\r\n\r\n> It is on its way.\r\n"
    "--b\r\nContent-Type: text/vnd.google.email-reaction+json; charset=UTF-8\r\n{disposition}\r\n"
    '{{"emoji": "\N{THUMBS UP SIGN}", "version": 1}}\r\n'
    "--b\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n<p>\N{THUMBS UP SIGN}</p>\r\n--b--"
)
OUTLOOK = (
    "{}\r\n________________________________\r\nFrom: Support <support@example.com>\r\n"
    "Sent: Monday\r\nTo: Ann\r\nSubject: x"
)


def email(body: str, content_type: str = "text/plain; charset=utf-8", parent: str = "<1@example.com>") -> bytes:
    headers = ("MIME-Version: 1.0", f"Content-Type: {content_type}")
    return mail(subject="Re: Payment failed", body=body, in_reply_to=parent, headers=headers)


MIXED = "multipart/alternative; boundary=b"
CASES = {
    "Gmail": (email(GMAIL.format(disposition=""), MIXED), True),
    "Gmail, whose part is the whole email": (
        email('{"emoji":"x","version":1}', "text/vnd.google.email-reaction+json"),
        True,
    ),
    "a file of this type": (email(GMAIL.format(disposition="Content-Disposition: attachment\r\n"), MIXED), False),
    "Outlook": (email(OUTLOOK.format("Ann Lee reacted to your message:")), True),
    "Outlook with the name of the emoji": (email(OUTLOOK.format("[like]  Ann Lee reacted to your message:")), True),
    "Outlook with the emoji": (email(OUTLOOK.format("\N{THUMBS UP SIGN}\r\nAnn Lee reacted to your message:")), True),
    "the sentence in an email that answers nothing": (email("Ann reacted to your message:", parent=""), False),
    "words below the sentence": (email(OUTLOOK.format("Ann reacted to your message:\r\n\r\nIt broke.")), False),
    "the sentence in a quote": (email("It broke.\r\n\r\n> Ann Lee reacted to your message:"), False),
    "an emoji alone": (email("\N{THUMBS UP SIGN}"), False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reaction_has_a_part_of_its_own_or_one_sentence(name: str) -> None:
    raw, expected = CASES[name]
    assert is_reaction(parse(raw)) is expected
