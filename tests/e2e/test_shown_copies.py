"""Whom a customer copied: a team sees them, and whether its answer reaches them, wherever it looks at the email."""

import json

import pytest

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.emails import SUPPORT, mail
from tests.support.mail_clients import CLIENTS

BOB = "bob@partner.example"


def test_a_team_sees_whom_a_stranger_copied_and_adds_them_by_cc(desk: Desk) -> None:
    talk = Conversation(desk, copied=f"Bob <{BOB}>, {TEAM}, {SUPPORT}")
    shown = words_of(talk.emails(TEAM)[0])
    assert f"Also to: {BOB} They get your reply only if you add them in Cc." in shown
    assert not talk.emails(BOB)
    talk.write(talk.emails(TEAM)[0], "Try another card.", headers=(f"Cc: {BOB}",))
    assert "Try another card." in words_of(talk.last(BOB))


def test_whom_a_proved_customer_copied_gets_the_reply_as_the_team_reads(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(talk.customer), "Again.", author=talk.customer, headers=(f"Cc: {BOB}",))
    assert f"Also to: {BOB} They get your reply too." in words_of(talk.last(TEAM))
    # With the quote of the notification below the answer, nothing of it leaves.
    talk.answer(talk.last(TEAM), "gmail-web", "We look into it.")
    assert "We look into it." in words_of(talk.last(BOB))
    assert "Also to" not in talk.last(BOB).as_string() + talk.last(talk.customer).as_string()


@pytest.mark.parametrize("client", list(CLIENTS))
def test_the_line_is_cut_from_an_answer_in_the_form_of_a_mail_program(desk: Desk, client: str) -> None:
    talk = Conversation(desk, copied=BOB)
    talk.answer(talk.last(TEAM), client, "We look into it.")
    assert [state for _, state in talk.answers()] == ["sent"]
    assert "Also to" not in talk.last(talk.customer).as_string()
    assert BOB not in talk.last(talk.customer).as_string()


def test_thousands_of_copied_people_are_shown_as_a_few(desk: Desk) -> None:
    many = ", ".join(f"person{number}@many.example" for number in range(150))
    talk = Conversation(desk, copied=many)
    assert "person7@many.example and 142 more" in words_of(talk.emails(TEAM)[0])
    rows = desk.query("SELECT data FROM event WHERE ticket_id = :id AND kind = 'others copied'", id=talk.ticket.id)
    data = json.loads(rows[0].data) if isinstance(rows[0].data, str) else rows[0].data
    assert (len(data["copied"]), data["more"]) == (20, 130)


def test_an_email_to_us_alone_names_nobody(desk: Desk) -> None:
    talk = Conversation(desk)
    raw = mail("Dora <dora@one.example>", "Hello", "A question.", to=f"{SUPPORT}, dora@one.example")
    talk.send(raw, "dora@one.example")
    assert "Also to" not in words_of(talk.last(TEAM))
