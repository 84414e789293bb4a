"""What members, customers and strangers send wrongly or with bad intent: nothing happens by halves.

Who can do something about it gets one email; a customer gets none that no member meant, and a ticket that nobody had
power over is as it was.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from config.schema import Conversation as ConversationSection
from daemon.mail.token import Purpose, Token, digest, sign
from tests.support.conversation import (
    ANA,
    BEN,
    IDENTITY,
    QUESTION,
    TEAM,
    Conversation,
    Desk,
    bare,
    reply_to,
    words_of,
)
from tests.support.desks import in_process
from tests.support.emails import SUPPORT, mail
from tests.support.helpdesk import MEMBER
from tests.support.mail_clients import CLIENTS, STYLES

EVE = "Eve <eve@evil.example>"
ELI = f"Eli Berg <{IDENTITY}>"
MEGABYTE = 2**20
ROBOT = ("Auto-Submitted: auto-replied",)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path) -> Iterator[Desk]:
    """Return a desk whose members must prove by DMARC who they are."""
    state = tmp_path_factory.mktemp("strict") / "state"
    with in_process(state, examples, models, conversation=ConversationSection(authentication="dmarc")) as running:
        yield running


@contextmanager
def only(talk: Conversation, *readers: str) -> Iterator[None]:
    """Assert that the ticket stays as it is, and that exactly these get an email, one each."""
    ticket, answers, number = talk.ticket, [one for one in talk.answers() if one[1] == "sent"], talk.number()
    yield
    assert talk.ticket == ticket
    assert [one for one in talk.answers() if one[1] == "sent"] == answers
    assert sorted(one.rcpts[0] for one in talk.desk.taken()[talk.began + number :]) == sorted(readers)


def by_address(talk: Conversation, stamp: str, body: str, author: str, **fields: str) -> None:
    """Write to the address of a token."""
    raw = mail(author, f"Re: Payment failed [{talk.ticket.reference}]", body, date=talk.date(), **fields)
    talk.send(raw, bare(author), f"support+{stamp}@example.com")


def token_for(talk: Conversation, recipient: str, *, purpose: Purpose = Purpose.TEAM, days: int = 30) -> str:
    key = talk.desk.keys()[0]
    expires = (talk.desk.now() + timedelta(days=days)).date()
    return sign(Token(purpose, talk.ticket.id, digest(recipient, key), expires), key)


class TestWhoWrites:
    def test_a_forged_from_with_a_leaked_token_goes_back_to_the_team_and_never_to_from(self, strict: Desk) -> None:
        talk = Conversation(strict)
        with only(talk, TEAM):
            talk.write(talk.last(TEAM), "#close\nSend your card number to eve@evil.example.")
        back = words_of(talk.last(TEAM))
        assert "Send your card number" in back
        assert "DMARC" in back

    def test_a_stranger_with_a_leaked_token_is_shown_to_the_team_and_not_obeyed(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk, TEAM):
            talk.write(talk.last(TEAM), "#close\nSend your card number.", EVE)
        assert "not obeyed" in words_of(talk.last(TEAM))

    def test_a_member_of_another_team_with_the_token_is_not_obeyed(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk, TEAM):
            talk.write(talk.last(TEAM), "#close\nWe are done.", ELI)
        assert f"{IDENTITY} is in another team" in words_of(talk.last(TEAM))

    def test_who_left_the_team_is_not_obeyed_by_their_own_token(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk, TEAM):
            by_address(talk, token_for(talk, "gone@example.com"), "#close\nBye.", "Gone <gone@example.com>")
        assert "somebody who is in no team now" in words_of(talk.last(TEAM))

    def test_an_expired_token_brings_the_team_a_fresh_one_and_the_customer_nothing(self, desk: Desk) -> None:
        talk = Conversation(desk)
        stamp = token_for(talk, TEAM, days=-1)
        with only(talk, TEAM):
            by_address(talk, stamp, "#close\nIt is booked.", BEN)
        fresh = talk.last(TEAM)
        assert "It is booked." in words_of(fresh)
        assert stamp not in reply_to(fresh)
        talk.write(fresh, "It is booked.", BEN)
        assert "It is booked." in words_of(talk.last(talk.customer))

    def test_a_token_of_another_ticket_acts_there_and_not_on_the_ticket_that_the_text_names(self, desk: Desk) -> None:
        named, other = Conversation(desk, "ann"), Conversation(desk, "bob")
        with named.nothing_reaches(named.customer):
            by_address(named, token_for(other, TEAM), "It is booked.", BEN)
        assert named.answers() == []
        assert other.answers() == [(TEAM, "sent")]

    def test_tokens_of_two_tickets_are_returned_to_the_author_once(self, desk: Desk) -> None:
        first, second = Conversation(desk, "ann"), Conversation(desk, "bob")
        to = [f"support+{token_for(one, TEAM)}@example.com" for one in (first, second)]
        raw = mail(BEN, "Re: Payment failed", "#close\nBoth are booked.", to=", ".join(to), date=first.date())
        before = second.ticket
        with only(first, TEAM):
            first.send(raw, TEAM, *to)
        assert "several tickets" in words_of(first.last(TEAM))
        assert (second.ticket, second.answers()) == (before, [])

    def test_the_tokens_of_two_teams_on_one_ticket_give_one_answer(self, desk: Desk) -> None:
        talk = Conversation(desk)
        old = talk.last(TEAM)
        talk.write(old, "#category Login")
        to = [reply_to(old), reply_to(talk.last(IDENTITY))]
        raw = mail(ELI, "Re: Payment failed", "It is booked.", to=", ".join(to), date=talk.date())
        talk.send(raw, IDENTITY, *to)
        assert talk.answers() == [(IDENTITY, "sent")]
        assert len(talk.emails(talk.customer)) == 2

    def test_a_member_who_asks_something_is_a_customer_and_has_no_power_by_that(self, desk: Desk) -> None:
        talk = Conversation(desk)
        raw = mail(f"Ana Silva <{MEMBER}>", "My own order", QUESTION, date=talk.date())
        talk.send(raw, MEMBER, SUPPORT)
        acknowledgement = talk.last(MEMBER)
        talk.write(acknowledgement, "#close\nAny news?")
        ((status,),) = desk.query("SELECT status FROM ticket ORDER BY id DESC LIMIT 1")
        assert status == "OPEN"
        assert "#close" in words_of(talk.last(TEAM))
        talk.write(talk.last(TEAM), "It is booked.", BEN)
        assert "It is booked." in words_of(talk.last(MEMBER))
        assert talk.last(MEMBER)["Auto-Submitted"] is None


class TestCommandsOfCustomers:
    @pytest.mark.parametrize(
        "body",
        [
            "#close\n#spam\nThank you.",
            "Thank you.\n\n-- \n#close",
            "> #close\n\nThank you.",
            "```\n#close\n```\nThank you.",
            "    #close\nThank you.",
            "\uff03close\nThank you.",
        ],
        ids=["top", "signature", "quote", "fence", "indented", "full width"],
    )
    def test_a_command_of_a_customer_is_text(self, desk: Desk, body: str) -> None:
        talk = Conversation(desk)
        talk.write(talk.last(TEAM), "We look into it.")
        talk.write(talk.last(talk.customer), body, f"Ann Lee <{talk.customer}>")
        assert (talk.ticket.status, talk.ticket.taken_by) == ("OPEN", MEMBER)
        assert "Thank you." in words_of(talk.last(TEAM))

    def test_a_command_in_html_only_is_text(self, desk: Desk) -> None:
        talk = Conversation(desk)
        raw = mail(
            f"Ann Lee <{talk.customer}>",
            "Re: Payment failed",
            "<p>#close</p><div style='display:none'>#spam</div><p>Thank you.</p>",
            date=talk.date(),
            headers=("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8"),
        )
        talk.send(raw, talk.customer, reply_to(talk.last(talk.customer)))
        assert talk.ticket.status == "OPEN"

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("client", list(CLIENTS))
    def test_a_command_of_a_customer_that_a_member_quotes_is_not_obeyed(
        self, desk: Desk, client: str, style: str
    ) -> None:
        talk = Conversation(desk)
        talk.write(talk.last(talk.customer), "#close\nPlease look into my order.", f"Ann <{talk.customer}>")
        below = {"look into my order": "We did."} if style == "inline" else {}
        talk.answer(talk.last(TEAM), client, "It is booked.", style=style, below=below)
        assert talk.ticket.status in {"WAITING", "OPEN"}
        assert talk.ticket.category == "Payments"
        # In a quote without prefixes, one line below the customer's may be ours; then only a signature is certain.
        back = {"returned"} if style == "inline" else set()
        assert {state for _, state in talk.answers()} <= {"sent", "held", *back}


class TestWhatMembersSend:
    def test_the_second_line_that_is_wrong_undoes_the_first(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk, MEMBER):
            talk.write(talk.last(TEAM), "#priority High\n#assign NOBODY\nIt is booked.")
        assert "#assign NOBODY" in words_of(talk.last(MEMBER))

    def test_a_command_that_is_refused_stops_the_answer(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk, MEMBER):
            talk.write(talk.last(TEAM), f"#resolve\n#merge {talk.ticket.reference}\nIt is booked.")
        assert "cannot be merged into itself" in words_of(talk.last(MEMBER))
        assert "It is booked." in words_of(talk.last(MEMBER))

    @pytest.mark.parametrize("kind", ["text/plain", "text/html"])
    def test_an_answer_that_is_too_long_comes_back_with_its_start_and_the_reason(self, desk: Desk, kind: str) -> None:
        talk = Conversation(desk)
        body = "It is <b>booked</b>.<br>\r\n" + f"{'All about bookings & details. ' * 8}<br>\r\n" * 1_500
        headers = ("MIME-Version: 1.0", f"Content-Type: {kind}")
        with only(talk, MEMBER):
            talk.send(
                mail(ANA, "Re: Payment failed", body, date=talk.date(), headers=headers),
                MEMBER,
                reply_to(talk.last(TEAM)),
            )
        back = words_of(talk.last(MEMBER))
        assert "Nothing was sent: your answer is too long." in back
        assert "characters; 300000 are allowed" in back
        assert "All about bookings" in back

    def test_an_autoresponder_with_the_token_is_neither_relayed_nor_answered(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk):
            talk.write(talk.last(TEAM), "#close\nI am on holiday.", subject="Automatic reply", headers=ROBOT)
        with only(talk):
            raw = mail(ANA, "Out of office", "I am away.", date=talk.date(), headers=("X-Auto-Response-Suppress: All",))
            talk.send(raw, "", reply_to(talk.last(TEAM)))

    @pytest.mark.parametrize("client", list(CLIENTS))
    def test_links_that_a_gateway_rewrote_and_its_banner_do_not_reach_the_customer(
        self, desk: Desk, client: str
    ) -> None:
        talk = Conversation(desk)
        talk.answer(rewritten(talk.last(TEAM)), client, "It is booked.")
        assert talk.answers() == [(MEMBER, "sent")]
        answer = talk.last(talk.customer)
        assert words_of(answer).startswith("It is booked.")
        assert not re.search("urldefense|CAUTION|outside of the organization|EXTERNAL", answer.as_string())

    def test_reply_all_with_the_customer_in_cc_reaches_them_once_from_us(self, desk: Desk) -> None:
        colleague = "carol@elsewhere.example"
        talk = Conversation(desk, copied=colleague)
        talk.answer(talk.last(TEAM), "gmail-web", "It is booked.", cc=f"Ann <{talk.customer}>, {colleague}, {TEAM}")
        assert len(talk.emails(talk.customer)) == 2
        assert len(talk.emails(colleague)) == 1
        # The team has it from the member.
        assert len(talk.emails(TEAM)) == 1

    def test_an_email_of_50_megabytes_is_refused_before_anything_happens(self, desk: Desk) -> None:
        talk = Conversation(desk)
        with only(talk):
            said = talk.write(talk.last(TEAM), "It is booked.\n" + ("x" * 70 + "\n") * (50 * MEGABYTE // 72))
        assert said.startswith("552")

    def test_a_file_that_does_not_fit_is_named_to_the_customer_and_to_the_team(self, desk: Desk) -> None:
        talk = Conversation(desk)
        big = ("x" * 76 + "\r\n") * (12 * MEGABYTE // 78)
        body = (
            "--b\r\nContent-Type: text/plain\r\n\r\nHere is the manual.\r\n--b\r\nContent-Type: application/pdf\r\n"
            f'Content-Disposition: attachment; filename="manual.pdf"\r\n\r\n{big}\r\n--b--'
        )
        kind = "Content-Type: multipart/mixed; boundary=b"
        raw = mail(ANA, "Re: Payment failed", body, date=talk.date(), headers=("MIME-Version: 1.0", kind))
        talk.send(raw, MEMBER, reply_to(talk.last(TEAM)))
        for reader in (talk.customer, TEAM):
            assert "manual.pdf" in words_of(talk.last(reader))
        assert len(talk.last(talk.customer).as_bytes()) < MEGABYTE


class TestBounces:
    def test_an_envelope_sender_that_we_did_not_sign_changes_nothing(self, desk: Desk) -> None:
        talk = Conversation(desk)
        talk.write(talk.last(TEAM), "It is booked.")
        envelope = next(one.mail_from for one in desk.taken()[::-1] if one.rcpts == [talk.customer])
        forged = envelope.replace(envelope.partition("@")[0][-4:], "aaaa")
        raw = mail("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender", "No.", date=talk.date())
        with only(talk):
            talk.send(raw, "", forged)
        (row,) = desk.query("SELECT state FROM delivery WHERE kind = 'answer' AND recipient = :who", who=talk.customer)
        assert row.state == "sent"


def rewritten(email: EmailMessage) -> EmailMessage:
    """Return an email as a security gateway leaves it: every link leads through it, and a banner warns of us."""
    html = email.get_body(("html",))
    assert html is not None
    page = html.get_content().replace('href="', 'href="https://urldefense.example/v3/__')
    banner = "<div>CAUTION: This email originated from outside of the organization.</div>"
    html.set_content(page.replace('dir="auto"', f'dir="auto">{banner}<div', 1), "html")
    email.replace_header("Subject", f"[EXTERNAL] {email['Subject']}")
    return email
