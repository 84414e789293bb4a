"""An answer ends with our address, in a sentence or in a signature, directly above the quote."""

import pytest

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.helpdesk import MEMBER
from tests.support.mail_clients import CLIENTS

LAST = "You can always write to support@example.com."
SIGNED = ("Ana Silva", "Example Support", "support@example.com", "Tel. +351 21 555 0147")


@pytest.mark.parametrize("client", list(CLIENTS))
def test_the_last_sentence_and_the_signature_keep_our_address(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.answer(notification, client, "Hello Ann, we booked it.", LAST, signature=())
    assert LAST in words_of(talk.last(talk.customer))
    talk.answer(notification, client, "It arrives on Monday.", signature=SIGNED)
    assert " ".join(SIGNED) in words_of(talk.last(talk.customer))
    assert talk.answers() == [(MEMBER, "sent")] * 2
    shown = [words_of(email).partition("ref:")[0] for email in talk.emails(talk.customer)[1:]]
    assert all("payments-team@example.com" not in text for text in shown)
    assert all(text.count(" wrote:") == 1 for text in shown)
