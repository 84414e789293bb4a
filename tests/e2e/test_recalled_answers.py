"""A member who recalls an email in Outlook: no customer reads of it, and the member learns that it cannot be done."""

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.helpdesk import MEMBER


def test_a_recall_is_returned_and_no_customer_gets_it(desk: Desk) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    subject = f"Re: {notified['Subject']}"
    talk.write(notified, "Pay again, please.")
    with talk.nothing_reaches(talk.customer):
        recalled = f'Silva, Ana would like to recall the message, "{subject}".'
        talk.write(notified, recalled, subject=f"Recall: {subject}")
    assert talk.answers() == [(MEMBER, "sent"), (MEMBER, "returned")]
    assert "What was sent or done cannot be recalled." in words_of(talk.last(MEMBER))
