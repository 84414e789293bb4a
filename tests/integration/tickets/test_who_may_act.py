"""Who may act on a ticket, end to end by SMTP: forged senders, leaked and old tokens, other teams, machines."""

import ipaddress
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from daemon.mail import token
from daemon.mail.roster import Team
from daemon.mail.token import Purpose, Token, digest
from daemon.store.jobs import JobKind
from daemon.store.models import AnswerRow, Event, Inbound, Job, MessageRow, Participant, Person, Ticket
from daemon.store.queries import feed, snapshots
from daemon.store.queries.feed import Gaps
from daemon.store.store import Store
from daemon.tickets import rulings
from daemon.tickets.release import release
from daemon.vocabulary import NOTE_FOR_TEAM, Authentication, MessageRole, ReturnCause, Status, Subject, SubjectKind
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.fakes import NOON
from tests.support.smtp_client import KEY, POLICY, Running
from tests.support.smtp_sink import certificate, server_context, trusting
from tests.support.store_queries import ask, count, mark

ANA = "ana@example.com"
EVE = "eve@evil.example"
BOB = "bob@customer.example"
PAYMENTS = Team.of("PAYMENTS", "payments@example.com", (ANA, "@agents.example.com"))
LOGIN = Team.of("LOGIN", "login@example.com", ("leo@example.com",))
PASSED = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"
ROSTER = replace(POLICY, teams=(PAYMENTS, LOGIN), trusted_networks=(ipaddress.ip_network("127.0.0.0/8"),))


def demanding(authentication: Authentication) -> Any:
    return replace(ROSTER, conversation=replace(ROSTER.conversation, authentication=authentication))


def address(stamp: str) -> str:
    return f"support+{stamp}@example.com"


def team_mark(team: Team = PAYMENTS, ticket_id: int = 1) -> str:
    return mark(ticket_id, team.address, Purpose.TEAM)


@pytest.fixture
def running(store: Store) -> Iterator[Running]:
    """Return a listener with one ticket of PAYMENTS that waits for its customer."""
    with Running(store) as listening:
        listening.intake.identity = ROSTER
        write(listening, mail(message_id="<question@customer.example>"), SUPPORT, mail_from=ANN)
        change(store, status=Status.WAITING, assigned_team="PAYMENTS")
        listening.woken.offers.clear()
        yield listening


def write(running: Running, raw: bytes, *rcpt_tos: str, mail_from: str = ANA) -> None:
    with running.client() as client:
        assert client.hello().deliver(raw, *rcpt_tos, mail_from=mail_from).startswith("250")


def change(store: Store, **values: Any) -> None:
    store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == 1).values(values)) and None)


def kept(store: Store) -> tuple[str, str, bool, str]:
    """Return disposition, role, by_team and the note of the newest email, which is on the first ticket."""
    ((disposition, ticket_id, inbound_id),) = ask(store, Inbound.disposition, Inbound.ticket_id, Inbound.id)[-1:]
    assert ticket_id == 1
    role, by_team, message_id = ask(store, MessageRow.role, MessageRow.by_team, MessageRow.id)[-1]
    with store.read() as session:
        shown = snapshots.load_one(session, Subject(SubjectKind.MESSAGE, message_id)).message
    assert (shown.role, shown.inbound_id) == (role, inbound_id)
    return disposition, role, by_team, shown.note


def jobs(store: Store) -> list[tuple[str, str]]:
    """Return the kinds and subjects of the jobs after that of the first email."""
    return [(kind, subject.kind) for kind, subject in ask(store, Job.kind, Job.subject)[1:]]


def test_a_members_answer_by_token_has_power_and_reopens_nothing(running: Running, store: Store) -> None:
    write(running, mail(ANA, "Re: Payment failed", "It is on its way."), address(team_mark()))
    assert kept(store) == ("answer", "note", True, "")
    assert jobs(store) == [("answer", "message")]
    assert [offer.kind for offer in running.woken.offers] == [JobKind.ANSWER]
    assert ask(store, Ticket.status) == [("WAITING",)]
    assert count(store, Participant) == 0
    with store.read() as session:
        assert rulings.member_of(session, 2) == (ANA, "PAYMENTS")


def test_a_forged_from_with_a_leaked_token_is_returned_to_the_team_and_not_to_from(
    running: Running, store: Store
) -> None:
    running.intake.identity = demanding(Authentication.DMARC)
    raw = mail(ANA, "Re: Payment failed", "#close\r\nGo away.")
    write(running, raw, address(team_mark()), mail_from=EVE)
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert "DMARC" in kept(store)[3]
    assert jobs(store) == [("notify", "answer")]
    fields = (AnswerRow.state, AnswerRow.author, AnswerRow.team, AnswerRow.return_to, AnswerRow.text)
    ((state, author, team, return_to, text),) = ask(store, *fields)
    assert (state, author, team, return_to) == ("returned", ANA, "PAYMENTS", PAYMENTS.address)
    assert "Go away." in text
    ((reasons,),) = ask(store, AnswerRow.reasons)
    assert reasons[0] == ReturnCause.NOT_AUTHENTICATED
    assert ask(store, Ticket.status) == [("WAITING",)]
    with store.read() as session:
        assert rulings.member_of(session, 2) is None


def test_a_result_of_the_trusted_border_proves_a_member(running: Running, store: Store) -> None:
    running.intake.identity = demanding(Authentication.DMARC)
    write(running, mail(ANA, "Re: Payment failed", headers=(PASSED,)), address(team_mark()))
    assert kept(store)[:3] == ("answer", "note", True)


def test_a_result_that_the_sender_brings_proves_nobody(running: Running, store: Store) -> None:
    running.intake.identity = replace(demanding(Authentication.DMARC), trusted_networks=POLICY.trusted_networks)
    write(running, mail(ANA, "Re: Payment failed", headers=(PASSED,)), address(team_mark()))
    assert kept(store)[:3] == ("follow-up", "outside", False)


@pytest.mark.parametrize(
    ("from_", "headers"),
    [
        (EVE, ()),
        (EVE, (f"Reply-To: {ANA}",)),
        (EVE, (f"Sender: {ANA}",)),
        (f"{ANA}, {EVE}", ()),
        (EVE, (f"From: {ANA}",)),
        (f"Team: {ANA};", ()),
        (f"{ANA})<{EVE}>", ()),
        (f'"{ANA}" <{EVE}>', ()),
        ("ana@ex\u0430mple.com", ()),
        (SUPPORT, ()),
        ("leo@example.com", ()),
        (ANN, ()),
    ],
)
def test_only_from_counts_and_only_as_one_readable_address(
    running: Running, store: Store, from_: str, headers: tuple[str, ...]
) -> None:
    write(running, mail(from_, "Re: Payment failed", "#close", headers=headers), address(team_mark()), mail_from=EVE)
    disposition, role, by_team, note = kept(store)
    assert (disposition, role, by_team) == ("follow-up", "outside", False)
    assert note.startswith("This email was kept and not obeyed: its token was sent to PAYMENTS, and")
    assert jobs(store) == [("notify", "message")]
    assert ask(store, Ticket.status) == [("WAITING",)]
    assert count(store, AnswerRow) == count(store, Participant) == 0


def test_a_reply_to_takes_no_power_from_a_member(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", headers=(f"Reply-To: {EVE}",))
    write(running, raw, address(team_mark()))
    assert kept(store)[:3] == ("answer", "note", True)
    assert EVE not in [email for (email,) in ask(store, Person.email)]


def test_an_address_of_a_member_domain_has_power(running: Running, store: Store) -> None:
    write(running, mail("Ben <ben@agents.example.com>", "Re: Payment failed"), address(team_mark()))
    assert kept(store)[:3] == ("answer", "note", True)


def test_who_left_the_team_has_no_power(running: Running, store: Store) -> None:
    running.intake.identity = replace(ROSTER, teams=(replace(PAYMENTS, members=frozenset()), LOGIN))
    write(running, mail(ANA, "Re: Payment failed"), address(team_mark()))
    assert kept(store)[:3] == ("follow-up", "outside", False)


def test_a_token_of_another_ticket_has_power_over_that_one(running: Running, store: Store) -> None:
    write(running, mail(BOB, "Cannot log in"), SUPPORT, mail_from=BOB)
    write(running, mail("leo@example.com", "Re: Payment failed"), address(team_mark(LOGIN, 2)))
    assert ask(store, MessageRow.ticket_id, MessageRow.role)[-1] == (2, "note")


def test_tokens_of_two_tickets_in_one_place_are_returned(running: Running, store: Store) -> None:
    write(running, mail(BOB, "Cannot log in"), SUPPORT, mail_from=BOB)
    write(running, mail(ANA, "Re: Payment failed"), address(team_mark()), address(team_mark(ticket_id=2)))
    assert kept(store)[:3] == ("follow-up", "outside", False)
    ((state, return_to, reasons),) = ask(store, AnswerRow.state, AnswerRow.return_to, AnswerRow.reasons)
    assert (state, return_to, reasons[0]) == ("returned", PAYMENTS.address, ReturnCause.UNCLEAR_TICKET)


def test_an_expired_token_is_kept_and_the_notification_is_a_new_one(running: Running, store: Store) -> None:
    old = Token(Purpose.TEAM, 1, digest(PAYMENTS.address, KEY), NOON.date() - timedelta(days=1))
    write(running, mail(ANA, "Re: Payment failed", "#close"), address(token.sign(old, KEY)))
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert "valid until 2026-03-01" in kept(store)[3]
    assert jobs(store) == [("notify", "message")]
    assert ask(store, Ticket.status) == [("WAITING",)]


def test_a_team_that_had_the_ticket_before_acts_and_the_present_one_is_told(running: Running, store: Store) -> None:
    change(store, assigned_team="LOGIN")
    write(running, mail(ANA, "Re: Payment failed"), address(team_mark()))
    assert kept(store) == ("answer", "note", True, "PAYMENTS, which had this ticket before, wrote this.")
    assert jobs(store) == [("answer", "message"), ("notify", "message")]


RECEIPT = (
    "--b\r\nContent-Type: text/plain\r\n\r\nThis was read.\r\n--b\r\n"
    "Content-Type: message/disposition-notification\r\n\r\n"
    "Final-Recipient: rfc822; ana@example.com\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--"
)
INVITED = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR"


@pytest.mark.parametrize(
    ("headers", "body", "mail_from", "disposition"),
    [
        (("Auto-Submitted: auto-replied",), "I am away.", ANA, "auto-reply"),
        (("Precedence: bulk", "List-Id: <all.example.com>"), "Hello all", ANA, "list"),
        ((f"X-Triaged-Loop: {mark(1)}",), "Ours", ANA, "own"),
        ((), "I am away.", "", "auto-reply"),
        (
            ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b",),
            RECEIPT,
            "",
            "auto-reply",
        ),
        (
            ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b",),
            RECEIPT,
            ANA,
            "auto-reply",
        ),
        (("Content-Type: text/calendar; method=REPLY",), INVITED, ANA, "auto-reply"),
    ],
)
def test_what_a_members_machine_sends_by_token_is_never_an_answer(
    running: Running, store: Store, headers: tuple[str, ...], body: str, mail_from: str, disposition: str
) -> None:
    raw = mail(ANA, "Re: Payment failed", body, headers=("MIME-Version: 1.0", *headers))
    write(running, raw, address(team_mark()), mail_from=mail_from)
    assert ask(store, Inbound.disposition)[-1] == (disposition,)
    assert jobs(store) == []
    assert ask(store, Ticket.status) == [("WAITING",)]


def test_a_holiday_note_of_an_accepted_machine_has_no_power(running: Running, store: Store) -> None:
    running.intake.identity = replace(ROSTER, accepted_machines=frozenset({"@example.com"}))
    raw = mail(ANA, "Re: Payment failed", headers=("Auto-Submitted: auto-replied",))
    write(running, raw, address(team_mark()))
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert "machine" in kept(store)[3]


def test_a_released_email_of_a_member_has_no_power(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", headers=("List-Id: <all.example.com>",))
    write(running, raw, address(team_mark()))
    release(running.intake, 2, "root", NOON)
    assert kept(store)[:3] == ("follow-up", "outside", False)


def test_a_members_email_with_the_customers_token_is_a_customers_and_shown_as_such(
    running: Running, store: Store
) -> None:
    write(running, mail(ANA, "Re: Payment failed", "#close"), address(mark(1)))
    disposition, role, by_team, note = kept(store)
    assert (disposition, role, by_team) == ("follow-up", "customer", False)
    assert note == f"{ANA}, who is in a team, answered with the customer's token; so this counts as a customer's email."
    assert ask(store, Ticket.status) == [("OPEN",)]
    assert count(store, Participant) == 0
    assert ask(store, Person.email, Person.verified_at)[-1] == (ANA, None)


def test_a_colleague_of_the_customer_is_shown_as_such(running: Running, store: Store) -> None:
    write(running, mail(BOB, "Re: Payment failed"), address(mark(1)), mail_from=BOB)
    assert kept(store)[3] == f"{BOB} is new on this ticket and answered with the customer's token."


def test_a_token_of_a_team_never_proves_a_customer(running: Running, store: Store) -> None:
    own = mark(1, ANN, Purpose.TEAM)
    write(running, mail(ANN, "Re: Payment failed"), address(own), mail_from=ANN)
    write(running, mail(ANA, "Re: Payment failed"), address(mark(1, ANA, Purpose.TEAM)))
    assert [proved for _, proved in ask(store, Person.email, Person.verified_at)] == [None, None]
    assert count(store, Participant) == 0


def test_a_customer_who_answers_an_email_that_went_to_the_team_stays_a_customer(running: Running, store: Store) -> None:
    """An agent forwarded the notification: its Message-ID stays in the references."""
    parents = f"<question@customer.example> <{team_mark()}.0a@example.com>"
    write(running, mail(ANN, "Re: Payment failed", references=parents), SUPPORT, mail_from=ANN)
    assert kept(store) == ("follow-up", "customer", False, "")
    assert ask(store, Ticket.status) == [("OPEN",)]


def test_a_member_without_a_token_opens_a_ticket_like_anybody_else(running: Running, store: Store) -> None:
    write(
        running, mail(ANA, "Re: Payment failed", in_reply_to="<question@customer.example>", headers=(PASSED,)), SUPPORT
    )
    assert ask(store, Inbound.disposition, Inbound.ticket_id)[-1] == ("ticket", 2)


def test_a_members_email_to_the_customer_is_recorded_as_sent(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", "Done.", to=ANN, in_reply_to="<question@customer.example>", headers=(PASSED,))
    write(running, raw, SUPPORT)
    disposition, role, by_team, note = kept(store)
    assert (disposition, role, by_team) == ("answer", "answer", True)
    assert "was not sent again" in note
    assert jobs(store) == [("notify", "message")]
    assert ask(store, AnswerRow.state, AnswerRow.author) == [("sent", ANA)]
    ((first, taken),) = ask(store, Ticket.first_answer_at, Ticket.taken_by)
    assert first is not None
    assert taken == ANA


def test_the_feed_tells_of_a_members_email_to_the_customer(running: Running, store: Store) -> None:
    change(store, status=Status.OPEN)
    with store.read() as session:
        before = feed.head(session)
    raw = mail(ANA, "Re: Payment failed", "Done.", to=ANN, in_reply_to="<question@customer.example>", headers=(PASSED,))
    write(running, raw, SUPPORT)
    with store.read() as session:
        events = feed.read(session, before, Gaps(), NOON).events
    assert [(event.type.removeprefix("ticket."), event.data["actor"]) for event in events] == [
        ("answered", ANA),
        ("status_changed", ANA),
    ]
    assert (events[1].data["was"], events[1].data["status"]) == ("OPEN", "WAITING")


def test_the_team_in_cc_of_such_an_email_is_not_told_again(running: Running, store: Store) -> None:
    headers = (PASSED, f"Cc: {PAYMENTS.address}")
    raw = mail(ANA, "Re: Payment failed", to=ANN, in_reply_to="<question@customer.example>", headers=headers)
    write(running, raw, SUPPORT)
    assert kept(store)[1] == "answer"
    assert jobs(store) == []


def test_a_forged_email_to_the_customer_is_recorded_as_nobodys(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", to=ANN, in_reply_to="<question@customer.example>")
    write(running, raw, SUPPORT, mail_from=EVE)
    assert ask(store, Inbound.disposition, Inbound.ticket_id)[-1] == ("ticket", 2)
    assert count(store, AnswerRow) == 0


def test_a_backfilled_answer_is_recorded_and_not_carried_out(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed")
    running.intake.accept(inbound(raw, mail_from=ANA, rcpt_tos=(address(team_mark()),)), silent=True)
    assert kept(store)[:3] == ("answer", "note", True)
    assert jobs(store) == []


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


class TestSubmission:
    @pytest.fixture
    def submit(self, sqlite_store: Store, tls: tuple[Path, Path]) -> Iterator[Callable[[str, str], None]]:
        """Return a function that hands an email with a team's token in, as a user who logged in."""
        users = {ANA: "s3cret", "relay": "s3cret", "ben@agents.example.com": "s3cret"}
        with Running(sqlite_store, tls=server_context(tls), require_tls=True, users=users) as listening:
            listening.intake.identity = demanding(Authentication.SUBMISSION)

            def hand_in(user: str, from_: str) -> None:
                with listening.client() as client:
                    client.hello().say("STARTTLS")
                    client.starttls(context=trusting(tls))
                    client.hello()
                    assert client.say(login(user)).startswith("235")
                    client.deliver(mail(from_, "Re: Payment failed"), address(team_mark()))

            hand_in("relay", ANN)
            yield hand_in

    @pytest.mark.parametrize(
        ("user", "from_", "role"),
        [
            (ANA, ANA, MessageRole.NOTE),
            (ANA, "Ana <ANA@Example.com>", MessageRole.NOTE),
            ("relay", ANA, MessageRole.OUTSIDE),
            ("ben@agents.example.com", ANA, MessageRole.OUTSIDE),
        ],
    )
    def test_only_a_login_as_the_author_proves_the_author(
        self, sqlite_store: Store, submit: Callable[[str, str], None], user: str, from_: str, role: MessageRole
    ) -> None:
        submit(user, from_)
        assert ask(sqlite_store, MessageRow.role)[-1] == (role,)


def login(user: str) -> str:
    return "AUTH PLAIN " + b64encode(f"\0{user}\0s3cret".encode()).decode()


def test_notes_are_events_of_their_email(running: Running, store: Store) -> None:
    write(running, mail(EVE, "Re: Payment failed"), address(team_mark()), mail_from=EVE)
    assert ask(store, Event.kind, Event.ticket_id, Event.inbound_id) == [(NOTE_FOR_TEAM, 1, 2)]
    assert "its token was sent to PAYMENTS" in ask(store, Inbound.reasons)[-1][0][-1]
