"""An email of a member with nothing but their signature: no customer gets it, in the form of every mail program."""

import pytest

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.helpdesk import MEMBER
from tests.support.mail_clients import CLIENTS


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_command_above_a_signature_is_carried_out_and_the_customer_hears_nothing(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        talk.answer(talk.last(TEAM), client, "#close")
    assert (talk.ticket.status, talk.answers()) == ("CLOSED", [])


@pytest.mark.parametrize("client", list(CLIENTS))
def test_an_email_with_a_signature_alone_is_returned_as_empty(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        talk.answer(talk.last(TEAM), client, "")
    assert talk.answers() == [(MEMBER, "returned")]
    assert "no text for the customer" in words_of(talk.last(MEMBER))


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_short_answer_above_a_signature_is_sent_with_it(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), client, "#resolve", "Done.")
    answer = words_of(talk.last(talk.customer))
    assert talk.answers() == [(MEMBER, "sent")]
    assert "Done." in answer
    assert "Tel. +351 21 555 0147" in answer
