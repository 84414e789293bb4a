"""A member whose program encrypts: nobody can read what they wrote, so nothing is sent or done, and they learn it."""

import pytest

from tests.support.conversation import ANA, TEAM, Conversation, Desk, bare, reply_to, words_of
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER

PGP = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQIMA0aWZm\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"
PGP_MIME = (
    "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    f"--b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n{PGP}--b--"
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', PGP_MIME), ("text/plain", PGP)],
)
def test_an_encrypted_answer_is_returned_and_the_customer_gets_nothing(desk: Desk, kind: str, body: str) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    raw = mail(
        ANA,
        f"Re: {notified['Subject']}",
        body,
        in_reply_to=notified["Message-ID"],
        date=talk.date(),
        headers=("MIME-Version: 1.0", f"Content-Type: {kind}"),
    )
    with talk.nothing_reaches(talk.customer, TEAM):
        talk.send(raw, bare(ANA), reply_to(notified))
    assert talk.answers() == [(MEMBER, "returned")]
    assert talk.ticket.status == "OPEN"
    returned = words_of(talk.last(MEMBER))
    assert "Nothing was sent or changed: your email is encrypted, and we cannot read it." in returned
    assert "Send it again without encryption." in returned
