"""Our own email that comes back is recognised."""

from datetime import date, timedelta

import pytest

from daemon.mail import token
from daemon.mail.mime.parse import parse
from daemon.mail.screening.loop import HEADER, own_evidence
from daemon.mail.token import Purpose, Token
from tests.support.emails import mail

KEY = b"k" * 32
TODAY = date(2026, 3, 2)
MARK = token.sign(Token(Purpose.TEAM, 7, token.digest("team@example.com", KEY), TODAY + timedelta(days=30)), KEY)
FORGED = token.sign(
    Token(Purpose.TEAM, 7, token.digest("team@example.com", KEY), TODAY + timedelta(days=30)), b"x" * 32
)


def evidence(raw: bytes, keys: tuple[bytes, ...] = (KEY,), today: date = TODAY) -> str:
    return own_evidence(parse(raw), keys, today)


def test_the_signed_header_is_evidence() -> None:
    assert HEADER in evidence(mail(headers=(f"{HEADER}: {MARK}",)))


def test_a_message_id_that_we_signed_is_evidence() -> None:
    assert "Message-ID" in evidence(mail(message_id=f"<{MARK}.0a1b2c@example.com>"))


def test_an_older_key_is_evidence_too() -> None:
    assert evidence(mail(headers=(f"{HEADER}: {MARK}",)), keys=(b"n" * 32, KEY))


@pytest.mark.parametrize(
    "raw",
    [
        mail(),
        mail(headers=(f"{HEADER}: {FORGED}",)),
        mail(headers=(f"{HEADER}: yes",)),
        mail(headers=(f"X-Ticket: {MARK}",)),
        mail(message_id=f"<{FORGED}.0a1b2c@example.com>"),
        # A reply to our email and a bounce of it are not our email.
        mail(in_reply_to=f"<{MARK}.0a1b2c@example.com>", references=f"<{MARK}.0a1b2c@example.com>"),
        mail(body=f"> {HEADER}: {MARK}\r\n> ref:{MARK}"),
        mail(subject=MARK),
        mail(to=f"support+{MARK}@example.com"),
    ],
)
def test_other_email_is_not_our_own(raw: bytes) -> None:
    assert evidence(raw) == ""


def test_an_expired_token_is_no_evidence() -> None:
    assert evidence(mail(headers=(f"{HEADER}: {MARK}",)), today=TODAY + timedelta(days=31)) == ""
