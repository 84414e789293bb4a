"""A mail server that gives up on an answer after days of trying: its status is still that of a temporary failure."""

import pytest

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER


def _report(talk: Conversation, action: str, status: str, diagnostic: str) -> None:
    """Report on the last answer to the customer (RFC 3464) to its envelope sender."""
    envelope = next(one.mail_from for one in talk.desk.taken()[::-1] if one.rcpts == [talk.customer])
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at mx.example.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {talk.customer}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: X-Postfix; {diagnostic}\r\n\r\n--b--"
    )
    report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b"
    headers = ("MIME-Version: 1.0", report)
    talk.send(mail("MAILER-DAEMON@mx.example", "Mail", body, to=envelope, headers=headers), "", envelope)


def _state(talk: Conversation) -> str:
    (row,) = talk.desk.query("SELECT state FROM delivery WHERE kind = 'answer' AND recipient = :who", who=talk.customer)
    return str(row.state)


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("4.4.1", "connect to mx.customer.example: Connection timed out"),
        ("4.2.2", "452 4.2.2 Mailbox full"),
        ("4.4.7", "delivery time expired"),
    ],
)
def test_an_answer_that_was_given_up_is_told_to_its_author_and_the_team(
    desk: Desk, status: str, diagnostic: str
) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "We booked it for you.")
    _report(talk, "failed", status, diagnostic)
    assert _state(talk) == "failed"
    for reader in (MEMBER, TEAM):
        told = words_of(talk.last(reader))
        assert f"This answer did not reach {talk.customer}." in told
        assert "We booked it for you." in told
    # The address may take email again.
    assert desk.query("SELECT email FROM suppression WHERE email = :who", who=talk.customer) == []
    talk.write(talk.last(TEAM), "It is booked.")
    assert "It is booked." in words_of(talk.last(talk.customer))


def test_an_answer_that_only_waits_is_not_told(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "We booked it for you.")
    with talk.nothing_reaches(MEMBER, TEAM):
        _report(talk, "delayed", "4.4.1", "connect to mx.customer.example: Connection timed out")
    assert _state(talk) == "sent"
