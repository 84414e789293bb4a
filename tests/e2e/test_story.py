"""A whole conversation by SMTP, on SQLite in process and on PostgreSQL and Redis with two workers.

At the end of each kind, every email that went out is read: subject, thread, From, the tokens it carries, that nothing
of ours reached a customer, and that its text and HTML say the same.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.conversation import (
    BEN,
    QUESTION,
    TEAM,
    Conversation,
    Desk,
    address_of,
    links,
    words_of,
)
from tests.support.desks import in_process, two_workers
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER
from tests.support.mail_clients import CLIENTS

SECRET = "This customer is a friend of the owner."


@pytest.fixture(scope="module", params=["in process", "two workers"])
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("story")
    with in_process(folder / "state", examples, models) if request.param == "in process" else two_workers() as running:
        yield running


def told(conversation: Conversation, text: str) -> None:
    """Let the customer answer the last email that they got."""
    conversation.answer(
        conversation.last(conversation.customer), "apple-mail-ios", text, author=conversation.customer, signature=()
    )


def test_a_question_is_acknowledged_and_the_team_may_press_or_reply(desk: Desk) -> None:
    talk = Conversation(desk)
    (acknowledgement,), (notification,) = talk.emails(talk.customer), talk.emails(TEAM)
    assert acknowledgement["In-Reply-To"] == talk.asked
    assert QUESTION in words_of(notification)
    assert "Your reply to this email goes to the customer, Ann Lee." in words_of(notification)
    assert notification["Subject"].startswith(f"[{talk.ticket.reference}]")
    assert [command in "".join(links(notification)) for command in ("%23take", "%23category%20", "%23spam")] == [
        True
    ] * 3


def test_the_answer_of_a_member_reaches_the_customer_and_the_team_reads_it(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), "gmail-web", "Hello Ann,", "we booked it today.")
    (_, answer), (_, answered) = talk.emails(talk.customer), talk.emails(TEAM)
    assert str(answer["From"]) == '"Ana Silva (Support)" <support@example.com>'
    assert answer["In-Reply-To"] == talk.asked
    assert answer["Subject"].startswith("Re: Payment failed")
    assert "we booked it today." in words_of(answer)
    assert f"> {QUESTION}" in words_of(answer)
    assert "we booked it today." in words_of(answered)
    assert (talk.ticket.status, talk.ticket.taken_by, talk.answers()) == ("WAITING", MEMBER, [(MEMBER, "sent")])
    assert talk.number() == 4


def test_the_reply_of_the_customer_opens_the_ticket_and_the_next_answer_is_in_their_thread(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), "outlook-mobile", "Which order is it?")
    told(talk, "It is order 4711.")
    follow_up = talk.last(TEAM)
    assert "It is order 4711." in words_of(follow_up)
    assert talk.ticket.status == "OPEN"
    talk.answer(follow_up, "outlook-classic", "Thank you, it is booked.", author=BEN)
    answer = talk.last(talk.customer)
    assert "> It is order 4711." in words_of(answer)
    assert talk.asked in answer["References"]
    assert answer["In-Reply-To"] not in {talk.asked, None}
    assert talk.roles() == ["customer", "answer", "customer", "answer"]


@pytest.mark.parametrize("client", list(CLIENTS))
def test_an_answer_in_every_form_brings_its_words_and_nothing_of_ours(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), client, "Hello Ann,", f"we booked it in {client}.")
    assert talk.answers() == [(MEMBER, "sent")]
    assert f"we booked it in {client}." in words_of(talk.last(talk.customer))


def test_a_press_corrects_the_category_and_the_customer_hears_nothing(desk: Desk) -> None:
    talk = Conversation(desk)
    category = talk.likely(talk.last(TEAM))
    with talk.nothing_reaches(talk.customer):
        talk.press(talk.last(TEAM), f"#category {category}")
    team = address_of(talk.ticket.assigned_team)
    assert talk.ticket.category == category
    assert team != TEAM
    moved = talk.last(team)
    assert QUESTION in words_of(moved)
    talk.answer(moved, "thunderbird", "You can log in again.", author=f"Eli Berg <{team}>")
    assert "You can log in again." in words_of(talk.last(talk.customer))


def test_a_note_is_read_by_the_team_and_never_by_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        talk.write(talk.last(TEAM), f"#note\n{SECRET}")
    assert SECRET in words_of(talk.last(TEAM))
    talk.answer(talk.last(TEAM), "gmail-web", "We look into it.")
    told(talk, "Thank you.")
    talk.answer(talk.last(TEAM), "outlook-new", "It is done.")
    assert all(
        SECRET not in email.as_string() and SECRET not in words_of(email) for email in talk.emails(talk.customer)
    )
    assert talk.roles() == ["customer", "note", "answer", "customer", "answer"]


def test_resolved_with_an_answer_and_opened_again_by_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "#resolve\nWe booked it. Have a nice day!")
    assert "We booked it. Have a nice day!" in words_of(talk.last(talk.customer))
    assert talk.ticket.status == "RESOLVED"
    told(talk, "It has failed again.")
    assert talk.ticket.status == "OPEN"
    with talk.nothing_reaches(talk.customer):
        talk.write(talk.last(TEAM), "#close")
    assert talk.ticket.status == "CLOSED"
    talk.write(talk.last(TEAM), "#open")
    assert talk.ticket.status == "OPEN"


def test_taken_by_a_press_and_shown_to_the_team(desk: Desk) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        talk.press(talk.last(TEAM), "#take")
    assert talk.ticket.taken_by == TEAM
    told(talk, "Any news?")
    assert f"Taken by: {TEAM}" in words_of(talk.last(TEAM))


def test_merged_the_customers_of_both_are_answered_on_one_ticket(desk: Desk) -> None:
    first, second = Conversation(desk, "ann"), Conversation(desk, "bob")
    second.write(second.emails(TEAM)[0], f"#merge {first.ticket.reference}")
    assert (second.ticket.status, second.ticket.merged_into_id) == ("CLOSED", first.ticket.id)
    told(second, "Any news of mine?")
    # The second is the email with the command.
    assert sorted(first.roles()) == ["customer", "customer", "customer", "note"]
    first.write(first.last(TEAM), "Both are booked.")
    assert "Both are booked." in words_of(second.last(second.customer))
    assert second.answers() == []
    assert first.answers() == [(MEMBER, "sent")]


def test_a_merge_is_undone_by_split_until_a_customer_was_answered(desk: Desk) -> None:
    first, second = Conversation(desk, "ann"), Conversation(desk, "bob")
    second.write(second.emails(TEAM)[0], f"#merge {first.ticket.reference}")
    first.write(first.emails(TEAM)[0], "#split")
    assert (second.ticket.status, second.ticket.merged_into_id) == ("OPEN", None)
    assert (first.roles()[0], second.roles()[0]) == ("customer", "customer")
    second.write(second.emails(TEAM)[0], f"#merge {first.ticket.reference}")
    first.write(first.last(TEAM), "It is booked.")
    with first.nothing_reaches(first.customer, second.customer):
        first.write(first.emails(TEAM)[0], "#split\n")
    assert second.ticket.merged_into_id == first.ticket.id
    assert "cannot be split" in words_of(first.last(MEMBER))


@pytest.mark.parametrize("end", ["#send", "#drop"])
def test_the_second_answer_is_held_and_sent_or_dropped_by_a_press(desk: Desk, end: str) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.answer(notification, "gmail-web", "It is booked.")
    with talk.nothing_reaches(talk.customer):
        talk.answer(notification, "thunderbird", "Please wait until Monday.", author=BEN)
    held = talk.last(TEAM)
    assert talk.answers() == [(MEMBER, "sent"), (TEAM, "held")]
    assert "It is booked." in words_of(held)
    assert "Please wait until Monday." in words_of(held)
    before = len(talk.emails(talk.customer))
    talk.press(held, end)
    assert talk.answers()[1] == (TEAM, "sent" if end == "#send" else "dropped")
    assert len(talk.emails(talk.customer)) == before + (end == "#send")
    with talk.nothing_reaches(talk.customer):
        talk.press(held, end, client="outlook-new")
    assert talk.answers()[1] == (TEAM, "sent" if end == "#send" else "dropped")


def test_one_wrong_command_stops_the_whole_email_and_the_author_gets_it_back_once(desk: Desk) -> None:
    talk = Conversation(desk)
    before, number = talk.ticket, talk.number()
    talk.write(talk.last(TEAM), "#take\n#clsoe\nWe booked it.")
    back = words_of(talk.last(MEMBER))
    assert "#clsoe" in back
    assert "#close" in back
    assert "We booked it." in back
    assert (talk.ticket, talk.number()) == (before, number + 1)


def test_help_lists_the_commands_and_does_nothing_else(desk: Desk) -> None:
    talk = Conversation(desk)
    before, number = talk.ticket, talk.number()
    talk.write(talk.last(TEAM), "#help")
    assert "#priority NAME" in words_of(talk.last(MEMBER))
    assert (talk.ticket, talk.number()) == (before, number + 1)


def test_a_bounce_of_an_answer_is_told_to_its_author_with_the_text(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), "gmail-web", "We booked it for you.")
    envelope = next(one.mail_from for one in desk.taken()[::-1] if one.rcpts == [talk.customer])
    raw = mail(
        "MAILER-DAEMON@mx.example",
        "Undelivered Mail Returned to Sender",
        "<" + talk.customer + ">: mailbox unavailable",
        to=envelope,
        date=talk.date(),
    )
    talk.send(raw, "", envelope)
    (row,) = desk.query("SELECT state FROM delivery WHERE kind = 'answer' AND recipient = :who", who=talk.customer)
    assert row.state == "failed"
    for reader in (MEMBER, TEAM):
        assert "We booked it for you." in words_of(talk.last(reader))
