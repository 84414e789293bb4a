"""Members who write to each other with us in Cc: no customer reads what they say, unless they press a button."""

import pytest

from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, bare, reply_to, words_of
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER, text_of

BANK = "clerk@bank.example"


def _forward(talk: Conversation, words: str, to: str, subject: str = "Fwd: {}", *, copied: bool = True) -> None:
    """Forward the notification to somebody, with us in Cc if `copied`, as Gmail does; the token stands in its text."""
    notified = talk.emails(TEAM)[0]
    head = (
        f"---------- Forwarded message ---------\nFrom: Support <support@example.com>\nSubject: {notified['Subject']}"
    )
    body = f"{words}\n\n{head}\nTo: <{TEAM}>\n\n{text_of(notified)}".replace("\n", "\r\n")
    headers = ("Cc: support@example.com",) if copied else ()
    raw = mail(ANA, subject.format(notified["Subject"]), body, to=to, date=talk.date(), headers=headers)
    talk.send(raw, bare(ANA))


def test_a_notification_that_a_member_forwards_to_a_colleague_does_not_reach_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        _forward(talk, "Ben, can you look? She is difficult.", BEN)
    assert talk.answers() == [(MEMBER, "held")]
    returned = words_of(talk.last(MEMBER))
    assert (
        "Your answer was not sent yet: your email is addressed to somebody else, and to us only as a copy." in returned
    )
    assert "If it is for the customer, send it. Otherwise drop it." in returned
    assert "Ben, can you look?" in returned


@pytest.mark.parametrize("whom", [BEN, BANK])
@pytest.mark.parametrize("subject", ["Fwd: {}", "WG: {}", "{}"])
def test_a_notification_that_is_forwarded_to_us_and_a_colleague_does_not_reach_the_customer(
    desk: Desk, whom: str, subject: str
) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer, BANK):
        _forward(talk, "Can you look? She is difficult.", f"{whom}, support@example.com", subject, copied=False)
    assert talk.answers() == [(MEMBER, "held")]
    returned = words_of(talk.last(MEMBER))
    assert "Your answer was not sent yet: it is a forward, and it is addressed to others too." in returned
    talk.press(talk.last(MEMBER), "#drop", author=ANA)
    assert talk.answers() == [(MEMBER, "dropped")]


def test_a_forward_to_us_alone_is_an_answer(desk: Desk) -> None:
    talk = Conversation(desk)
    _forward(talk, "We refund it.", "support@example.com", copied=False)
    assert talk.answers() == [(MEMBER, "sent")]


def test_a_question_to_somebody_outside_does_not_reach_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    with talk.nothing_reaches(talk.customer, BANK):
        cc = f"Cc: {reply_to(notified)}"
        talk.write(notified, "Our customer is confused. What happened?", to=BANK, headers=(cc,))
    assert talk.answers() == [(MEMBER, "held")]


def test_one_press_sends_it_if_it_was_for_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    talk.write(notified, "We refund it.", to=BEN, headers=(f"Cc: {reply_to(notified)}",))
    talk.press(talk.last(MEMBER), "#send", author=ANA)
    assert talk.answers() == [(MEMBER, "sent")]
    assert "We refund it." in words_of(talk.last(talk.customer))


def test_a_command_in_such_an_email_is_carried_out(desk: Desk) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    with talk.nothing_reaches(talk.customer):
        talk.write(notified, "#note\nBen, she called twice.", to=BEN, headers=(f"Cc: {reply_to(notified)}",))
        talk.write(notified, "#take", to=BEN, headers=(f"Cc: {reply_to(notified)}",))
    assert talk.answers() == []
    assert talk.ticket.taken_by == MEMBER
