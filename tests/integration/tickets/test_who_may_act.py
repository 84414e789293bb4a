"""Who may act on a ticket, end to end by SMTP: forged senders, leaked and old tokens, other teams."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.mail import token
from daemon.mail.token import Purpose, Token, digest
from daemon.store.jobs import JobKind
from daemon.store.models import AnswerRow, Event, InboundRow, MessageRow, Participant, Person, Ticket
from daemon.store.store import Store
from daemon.vocabulary import AUTHORIZED, NOTE_FOR_TEAM, Authentication, MessageRole, ReturnCause
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.fakes import NOON
from tests.support.members import (
    ANA,
    BOB,
    EVE,
    LOGIN,
    PASSED,
    PAYMENTS,
    ROSTER,
    address,
    change,
    demanding,
    jobs,
    kept,
    team_mark,
    write,
)
from tests.support.smtp_client import KEY, POLICY, Running
from tests.support.smtp_sink import certificate, server_context, trusting
from tests.support.store_queries import ask, count


def test_a_members_answer_by_token_has_power_and_reopens_nothing(running: Running, store: Store) -> None:
    write(running, mail(ANA, "Re: Payment failed", "It is on its way."), address(team_mark()))
    assert kept(store) == ("answer", "note", True, "")
    assert jobs(store) == [("answer", "message")]
    assert [offer.kind for offer in running.woken.offers] == [JobKind.ANSWER]
    assert ask(store, Ticket.status) == [("WAITING",)]
    assert count(store, Participant) == 0
    assert _power_of(store, 2) == [(ANA, "PAYMENTS")]


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
    assert _power_of(store, 2) == []


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


def test_a_team_that_had_the_ticket_before_acts(running: Running, store: Store) -> None:
    change(store, assigned_team="LOGIN")
    write(running, mail(ANA, "Re: Payment failed"), address(team_mark()))
    assert kept(store) == ("answer", "note", True, "PAYMENTS, which had this ticket before, wrote this.")
    assert jobs(store) == [("answer", "message")]


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
    assert "its token was sent to PAYMENTS" in ask(store, InboundRow.reasons)[-1][0][-1]


def _power_of(store: Store, inbound_id: int) -> list[tuple[str, str]]:
    """Return the member and the team that an email has power for."""
    found = select(Event.data).where(Event.inbound_id == inbound_id, Event.kind == AUTHORIZED)
    with store.read() as session:
        return [(data["member"], data["team"]) for data in session.execute(found).scalars()]
