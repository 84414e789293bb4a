"""What is left out of an answer and may be of its author is named to them, and nothing internal leaves, by SMTP."""

import pytest

from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, reply_to, words_of
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER, text_of
from tests.support.mail_clients import CLIENTS

HTML = ("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8")
HEAD = "-----Original Message-----\nFrom: {}\nSent: Monday, 2 November 2026 10:31\nTo: Ana\nSubject: Payment failed\n\n"
FROM_US = HEAD.format("Support <support@example.com>")
INVISIBLE = "<p>Hello Ann,</p><p style='color:#fff;background:#fff'>call me.</p>"


def answer(talk: Conversation, text: str) -> str:
    """Answer the notification with a text, and return what the author then gets, "" for nothing."""
    before = len(talk.emails(MEMBER))
    talk.write(talk.last(TEAM), text)
    return words_of(talk.last(MEMBER)) if len(talk.emails(MEMBER)) > before else ""


@pytest.mark.parametrize("copied", [False, True])
def test_the_author_learns_what_was_left_out_of_an_answer_that_was_sent(desk: Desk, copied: bool) -> None:
    talk = Conversation(desk)
    to = reply_to(talk.last(TEAM))
    shown = f"{to}, {TEAM}" if copied else to
    talk.send(mail(ANA, "Re: Payment failed", INVISIBLE, to=shown, date=talk.date(), headers=HTML), MEMBER, to)
    assert talk.answers() == [(MEMBER, "sent")]
    assert "call me" not in talk.last(talk.customer).as_string()
    assert "text that cannot be seen: call me." in words_of(talk.last(MEMBER))
    assert ("text that cannot be seen: call me." in words_of(talk.last(TEAM))) is not copied


def test_who_answers_from_the_address_of_the_team_learns_it_once(desk: Desk) -> None:
    talk = Conversation(desk)
    to = reply_to(talk.last(TEAM))
    talk.send(mail(BEN, "Re: Payment failed", INVISIBLE, date=talk.date(), headers=HTML), TEAM, to)
    assert len([one for one in talk.emails(TEAM) if "text that cannot be seen" in words_of(one)]) == 1


def test_an_image_that_is_not_in_the_email_is_not_worth_one(desk: Desk) -> None:
    talk = Conversation(desk)
    to, body = reply_to(talk.last(TEAM)), "<p>Hello Ann.</p><img src='https://example.com/logo.png'>"
    with talk.nothing_reaches(MEMBER):
        talk.send(mail(ANA, "Re: Payment failed", body, date=talk.date(), headers=HTML), MEMBER, to)
    assert "an image that is not in the email" in words_of(talk.last(TEAM))


def test_an_answer_that_cannot_be_seen_at_all_comes_back_with_its_words(desk: Desk) -> None:
    talk = Conversation(desk)
    to, body = reply_to(talk.last(TEAM)), "<p style='color:#fff;background:#fff'>call me.</p>"
    with talk.nothing_reaches(talk.customer):
        talk.send(mail(ANA, "Re: Payment failed", body, date=talk.date(), headers=HTML), MEMBER, to)
    assert "text that cannot be seen: call me." in words_of(talk.last(MEMBER))


@pytest.mark.parametrize("command", ["", "#close\n"])
def test_the_words_of_a_colleague_below_a_head_do_not_leave(desk: Desk, command: str) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        told = answer(
            talk, f"{command}I asked.\n\n{HEAD.format('Ben <ben@example.com>')}It is our fault, do not tell her."
        )
    assert talk.answers() == [(MEMBER, "held")]
    assert "a line that may be ours: It is our fault, do not tell her." in told
    assert "some lines were left out, because they may not be yours" in told
    assert "If your answer is complete as it is shown below, send it." in told
    assert "Your text: I asked. ref:" in told
    assert ("Not done either: #close" in told) is bool(command)


def test_an_answer_between_our_lines_is_named_and_sent_from_above_the_quote(desk: Desk) -> None:
    talk = Conversation(desk)
    quote = text_of(talk.last(TEAM)).replace("Priority: High", "Priority: High\nIt is low for us.")
    told = answer(talk, f"See below.\n\n{FROM_US}{quote}")
    assert "It is low for us." in told
    assert talk.answers() == [(MEMBER, "held")]
    talk.press(talk.last(MEMBER), "#send", ANA)
    assert talk.answers() == [(MEMBER, "sent")]
    assert text_of(talk.last(talk.customer)).startswith("See below.")


def test_a_note_keeps_the_email_of_somebody_else_that_it_quotes(desk: Desk) -> None:
    talk = Conversation(desk)
    quote = f"{FROM_US}{text_of(talk.last(TEAM))}"
    carrier = f"{HEAD.format('Carrier <c@carrier.example>')}It is in Berlin."
    with talk.nothing_reaches(talk.customer):
        answer(talk, f"#note\nThe carrier says\n\n{carrier}\n\n{quote}")
    note = words_of(talk.last(TEAM)).partition("It is in Berlin.")
    assert note[1]
    assert "The carrier says" in note[0]
    assert "#note" not in note[0]


def test_a_customer_whose_email_is_one_command_is_not_obeyed_by_an_answer_below_it(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(talk.customer), "#close", f"Ann <{talk.customer}>")
    notification = talk.last(TEAM)
    talk.write(notification, f"{text_of(notification)}\nWe have booked it.")
    assert (talk.ticket.status, talk.answers()) == ("WAITING", [(MEMBER, "sent")])
    assert text_of(talk.last(talk.customer)).startswith("We have booked it.")


@pytest.mark.parametrize("client", list(CLIENTS))
def test_an_answer_of_an_emoji_alone_reaches_the_customer(desk: Desk, client: str) -> None:
    # Above the signature of Outlook and Proton it came back as empty.
    talk = Conversation(desk)
    talk.answer(talk.last(TEAM), client, "\N{THUMBS UP SIGN}")
    assert talk.answers() == [(MEMBER, "sent")]
    assert words_of(talk.last(talk.customer)).startswith("\N{THUMBS UP SIGN}")


def test_an_emoji_below_the_words_of_the_customer_is_an_answer(desk: Desk) -> None:
    # Outlook quotes without a prefix, where it was taken for a line of the quote.
    talk = Conversation(desk)
    lines = text_of(talk.last(TEAM)).split("\n")
    at = next(number for number, line in enumerate(lines) if "debited" in line)
    told = answer(talk, FROM_US + "\n".join([*lines[: at + 1], "", "\N{THUMBS UP SIGN}", "", *lines[at + 1 :]]))
    assert told == ""
    assert "\N{THUMBS UP SIGN}" in text_of(talk.last(talk.customer))
