"""A member uses words again that our emails to the team show: greetings, standard sentences, a signature, a retry."""

import pytest

from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, bare, words_of
from tests.support.helpdesk import MEMBER
from tests.support.mail_clients import CLIENTS

STANDARD = "Thank you for contacting our support team, we are happy to help you."
SIGNED = "Ana Silva Example Support, Lisbon Tel. +351 21 555 0147"
SECRET = "This customer is a friend of the owner."


def new_words(talk: Conversation) -> str:
    """Return the words of the last answer above what it quotes of the customer."""
    return words_of(talk.last(talk.customer)).partition(" wrote: >")[0]


@pytest.mark.parametrize("by_customer", [True, False], ids=["follow-up", "answered"])
@pytest.mark.parametrize("client", list(CLIENTS))
def test_the_second_answer_has_all_its_words_and_its_signature(desk: Desk, client: str, *, by_customer: bool) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), client, "Hello Ann,", STANDARD, "Which order is it?")
    if by_customer:
        talk.write(talk.last(talk.customer), "It is order 4711.", f"Ann Lee <{talk.customer}>")
    talk.answer(talk.last(TEAM), client, "Hello Ann,", STANDARD, "We booked it.")
    assert talk.answers() == [(MEMBER, "sent")] * 2
    assert f"Hello Ann, {STANDARD} We booked it." in new_words(talk)
    assert SIGNED in new_words(talk)
    assert "Which order is it?" not in new_words(talk)


@pytest.mark.parametrize("client", list(CLIENTS))
def test_an_email_that_came_back_is_sent_when_its_command_is_mended(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.answer(notification, client, "#clsoe", STANDARD, "We booked it.")
    assert talk.answers() == [(MEMBER, "returned")]
    talk.answer(talk.last(MEMBER), client, "#close", STANDARD, "We booked it.")
    assert talk.answers() == [(MEMBER, "returned"), (MEMBER, "sent")]
    assert f"{STANDARD} We booked it." in new_words(talk)
    assert SIGNED in new_words(talk)


@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-macos", "thunderbird-plain-text"])
def test_the_signature_of_a_note_stays_on_the_answer_and_the_note_does_not(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), client, "#note", SECRET)
    talk.answer(talk.last(TEAM), client, "Hello Ann,", "we booked it.")
    assert talk.answers() == [(MEMBER, "sent")]
    assert "Hello Ann, we booked it." in new_words(talk)
    assert SIGNED in new_words(talk)
    assert SECRET not in words_of(talk.last(talk.customer))


def test_a_line_of_ours_in_a_text_that_came_back_is_held_again(desk: Desk) -> None:
    talk = Conversation(desk)
    internal = 'the rule "debited, not credited" matched "debited but not credited"'
    talk.write(talk.last(TEAM), f"#clsoe\nWe booked it.\n{internal}\nBye.")
    with talk.nothing_reaches(talk.customer):
        talk.write(talk.last(MEMBER), f"#close\nWe booked it.\n{internal}\nBye.")
    assert {state for _, state in talk.answers()} <= {"returned", "held"}


def test_the_note_of_a_colleague_does_not_reach_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), f"#note\n{SECRET}", BEN)
    talk.write(talk.last(TEAM), f"We booked it.\n\nOn Monday {SECRET}", ANA)
    assert all("friend of the owner" not in words_of(email) for email in talk.emails(talk.customer))


@pytest.mark.parametrize("client", list(CLIENTS))
def test_an_answer_that_a_program_sends_again_is_held(desk: Desk, client: str) -> None:
    # With another Message-ID the customer got it twice.
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.answer(notification, client, "Hello Ann,", "we booked it.")
    with talk.nothing_reaches(talk.customer):
        talk.answer(notification, client, "Hello Ann,", "we booked it.")
    assert talk.answers() == [(MEMBER, "sent"), (MEMBER, "held")]
    assert "you sent the same words already" in words_of(talk.last(MEMBER))
    talk.press(talk.last(MEMBER), "#send", ANA)
    assert talk.answers() == [(MEMBER, "sent")] * 2
    assert "we booked it." in new_words(talk)


def test_the_same_words_are_sent_to_a_customer_who_wrote_in_between(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "You are welcome!")
    talk.write(talk.last(talk.customer), "Thank you again.", f"Ann Lee <{talk.customer}>")
    talk.write(talk.last(TEAM), "You are welcome!")
    assert talk.answers() == [(MEMBER, "sent")] * 2


def test_the_same_words_are_sent_with_a_file_that_was_forgotten(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "Here is the invoice.")
    body = (
        "--b\nContent-Type: text/plain\n\nHere is the invoice.\n--b\nContent-Type: application/pdf\n"
        'Content-Disposition: attachment; filename="invoice.pdf"\n\n%PDF-1.4\n--b--'
    )
    talk.write(talk.last(TEAM), body, headers=("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"))
    assert talk.answers() == [(MEMBER, "sent")] * 2


def test_the_same_words_of_a_colleague_are_held_as_a_second_answer(desk: Desk) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.write(notification, "We booked it.", ANA)
    talk.write(notification, "We booked it.", BEN)
    assert "somebody else answered first" in words_of(talk.last(bare(BEN)))
