"""The daily email to the lead, and a press on one of its buttons as mail programs make it."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from email.message import EmailMessage
from pathlib import Path

import pytest

from config.settings import Settings
from daemon.store.models import AnswerRow, Decision, Ticket
from daemon.store.queries import labels
from daemon.tickets import actions
from daemon.tickets.actor import Actor
from daemon.tickets.corrections import Correction
from daemon.vocabulary import DecidedBy, Priority
from tests.support.conversation import bare_link, links, words_of
from tests.support.emails import mail
from tests.support.fakes import NOON, FakeClock
from tests.support.helpdesk import Helpdesk, settings_for, text_of
from tests.support.mail_clients import CLIENTS, Original, press, reply
from tests.support.smtp_sink import Sink
from workers.actors.config import CurrentConfig, Lead
from workers.app import outgoing_servers
from workers.policies import actor_config
from workers.questions import MAX_ASKED, DailyQuestions
from workers.transports.servers import OutgoingServers

LEAD = "lead@example.com"
REVIEW = "review@example.com"
# Words that no example has, different in each email.
BODIES = (
    "The zeppelin of my aunt wobbles over the harbour.",
    "Quinces and medlars ripen beside our orchard gate.",
    "A lighthouse keeper mends his accordion on Sundays.",
    "Badgers tunnel below the pavilion near the brook.",
    "Our glockenspiel lost its mallet during the parade.",
    "Seven puffins nest upon that slanted chimney.",
)
START = NOON.replace(hour=1)


class Led(Helpdesk):
    """A helpdesk in mode "suggest" with a lead, whose emails the test sends when it wants to."""

    def __init__(self, settings: Settings, sink: Sink, clock: FakeClock) -> None:
        super().__init__(settings, sink, clock)
        self.servers: list[OutgoingServers] = []

    def __exit__(self, *exception: object) -> None:
        for one in self.servers:
            one.close()
        super().__exit__(*exception)

    def questions(self, hour: int = 7) -> DailyQuestions:
        """Return a process that asks the lead, from an hour on."""
        config = replace(actor_config(self.settings), lead=Lead(LEAD, hour, UTC))
        servers = outgoing_servers(self.settings)
        self.servers.append(servers)
        return DailyQuestions(self.store, self.clock, servers, self.runtime.keyring, CurrentConfig(config))

    def ask(self, bodies: Sequence[str]) -> None:
        """Send emails that stay undecided, a different customer each."""
        for number, body in enumerate(bodies):
            author = f"ann{number}@customer{number}.example"
            raw = mail(
                f"Ann Lee <{author}>", f"Question {number}", body, message_id=f"<q{number}.{body[:3]}@x.example>"
            )
            self.send(raw, author)
        self.idle()

    def emails_to(self, recipient: str) -> list[EmailMessage]:
        self.idle()
        return [one for one in self.emails(1) if one["To"] == recipient]


Start = Callable[..., Led]


@pytest.fixture
def start(tmp_path: Path, sink: Sink, examples: Path, models: Path) -> Iterator[Start]:
    running: list[Led] = []

    def begin(**support: object) -> Led:
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        shutil.copytree(models, state / "models")
        (state / "models").chmod(0o700)
        settings = settings_for(state, sink, examples)
        # The process that is tested is one of our own: the one of the helpdesk never comes to its hours.
        triage = settings.triage.model_copy(update={"lead": LEAD, "lead_hour": 10, "mode": "suggest"})
        support_section = settings.support.model_copy(update=support)
        led = Led(settings.model_copy(update={"triage": triage, "support": support_section}), sink, FakeClock(START))
        running.append(led)
        led.__enter__()
        led.work()
        return led

    yield begin
    for led in running:
        led.__exit__()


def chosen(email: EmailMessage, command: str, reference: str) -> str:
    """Return the link of the button that gives a command about a ticket."""
    wanted = [one for one in links(email) if f"%23{command.replace(' ', '%20')}" in one and reference in one]
    return wanted[0]


@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird-plain-text", "k-9"])
def test_a_press_on_the_daily_email_decides_a_ticket_and_triage_learns(start: Start, client: str) -> None:
    led = start()
    led.ask(BODIES[:3])
    assert {row.assigned_team for row in led.rows(Ticket)} == {"MANUAL_REVIEW"}
    led.clock.advance(hours=8)
    assert led.questions().check() == 3
    (email,) = led.emails_to(LEAD)
    text = words_of(email)
    for body in BODIES[:3]:
        assert body in text
    second = led.rows(Ticket)[1]
    link = chosen(email, "category Login", second.reference)
    led.send(press(client, link, author=f"Lea Maas <{LEAD}>"), LEAD, bare_link(link))
    led.idle()
    moved = led.rows(Ticket)[1]
    assert (moved.category, moved.assigned_team) == ("Login", "IDENTITY_TEAM")
    newest = led.rows(Decision)[-1]
    assert (newest.by, newest.actor, newest.ticket_id) == (DecidedBy.PERSON, LEAD, second.id)
    assert f"corrected by {LEAD}" in words_of(led.emails_to("identity-team@example.com")[-1])
    with led.store.read() as session:
        assert [one.category for one in labels.labelled_tickets(session)] == ["Login"]
    assert led.rows(AnswerRow) == []
    assert len(led.emails_to(LEAD)) == 1


def test_the_lead_is_asked_once_a_day_by_one_of_several_processes(start: Start) -> None:
    led = start()
    led.ask(BODIES)
    first, second = led.questions(), led.questions()
    assert first.check() == 0
    assert led.emails_to(LEAD) == []
    led.clock.advance(hours=6)
    assert [first.check(), second.check(), first.check()] == [MAX_ASKED, 0, 0]
    led.clock.advance(hours=16)
    assert [first.check(), second.check()] == [0, 0]
    led.clock.advance(hours=8)
    assert [second.check(), first.check()] == [MAX_ASKED, 0]
    assert len(led.emails_to(LEAD)) == 2


def test_the_email_of_a_late_hour_is_sent_after_midnight_where_nobody_could_send_it_before(start: Start) -> None:
    led = start()
    led.ask(BODIES)
    led.clock.advance(hours=21, minutes=59)
    # 8 o'clock in Tokyo.
    asking = led.questions(hour=23)
    assert asking.check() == 0
    led.clock.advance(hours=2)
    assert [asking.check(), asking.check()] == [MAX_ASKED, 0]
    led.clock.advance(hours=22)
    assert asking.check() == 0
    led.clock.advance(hours=1)
    assert [asking.check(), asking.check()] == [MAX_ASKED, 0]


def test_no_email_is_sent_half_a_day_after_its_hour(start: Start) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(hours=13)
    assert led.questions(hour=2).check() == 0
    assert led.questions(hour=3).check() == 1


def test_an_email_that_could_not_be_made_is_made_by_the_next_check(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(hours=7)
    asking = led.questions()
    with monkeypatch.context() as broken:
        broken.setattr("daemon.store.queries.questions.load", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            asking.check()
    assert [asking.check(), asking.check()] == [1, 0]


def test_a_clock_that_was_years_ahead_for_a_moment_silences_nothing(start: Start) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(days=4000, hours=7)
    assert led.questions().check() == 1
    led.clock.advance(days=-4000)
    asking = led.questions()
    assert [asking.check(), asking.check()] == [1, 0]


def test_what_somebody_decided_or_closed_is_not_asked_and_nothing_is_sent_without_a_question(start: Start) -> None:
    led = start()
    led.ask(BODIES[:2])
    decided, closed = [row.id for row in led.rows(Ticket)]
    actor = Actor("ana@example.com", "MANUAL_REVIEW", "cli")
    to_review = Correction("General", "MANUAL_REVIEW", None, Priority.LOW)
    now = led.clock.now()
    led.store.write(lambda session: actions.correct(session, decided, to_review, actor, now))
    led.store.write(lambda session: actions.close(session, closed, actor, now))
    led.clock.advance(hours=7)
    assert led.questions().check() == 0
    assert led.emails_to(LEAD) == []
    led.ask(BODIES[2:3])
    assert led.questions().check() == 0
    led.clock.advance(days=1)
    assert led.questions().check() == 1


def test_an_email_that_could_not_be_sent_is_sent_by_the_next_check(start: Start, sink: Sink) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(hours=7)
    sink.script("RCPT", "451 4.2.0 later")
    asking = led.questions()
    assert [asking.check(), asking.check(), asking.check()] == [0, 1, 0]


def test_one_that_the_server_refuses_is_not_sent_again(start: Start, sink: Sink) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(hours=7)
    sink.script("RCPT", "550 5.1.1 no such user")
    asking = led.questions()
    assert [asking.check(), asking.check()] == [0, 0]


def test_each_ticket_has_a_token_of_its_own_and_its_commands_in_the_text(start: Start) -> None:
    led = start()
    led.ask(BODIES[:2])
    led.clock.advance(hours=7)
    led.questions().check()
    (email,) = led.emails_to(LEAD)
    assert email["Reply-To"] is None
    assert email["Auto-Submitted"] == "auto-generated"
    addresses = {bare_link(one) for one in links(email)}
    assert len(addresses) == 2
    for address in addresses:
        assert f"write to {address} with one of these as the first line:" in words_of(email)
    assert text_of(email).count("\n  #category ") == 8
    assert text_of(email).count("\n  #spam  (Spam)") == 2


def test_without_tokens_in_addresses_the_text_has_them(start: Start) -> None:
    led = start(plus_addressing=False)
    led.ask(BODIES[:2])
    led.clock.advance(hours=7)
    led.questions().check()
    (email,) = led.emails_to(LEAD)
    first = led.rows(Ticket)[0]
    link = chosen(email, "category Payments", first.reference)
    assert bare_link(link) == "support@example.com"
    led.send(press("gmail-web", link, author=LEAD), LEAD, "support@example.com")
    led.idle()
    assert led.rows(Ticket)[0].category == "Payments"
    assert led.rows(Decision)[-1].by == DecidedBy.PERSON


def test_a_reply_to_the_email_with_several_tickets_is_answered_and_opens_none(start: Start) -> None:
    led = start()
    led.ask(BODIES[:2])
    led.clock.advance(hours=7)
    led.questions().check()
    (email,) = led.emails_to(LEAD)
    quoted = "\r\n".join(f"> {line}" for line in text_of(email).splitlines())
    raw = mail(
        LEAD, f"Re: {email['Subject']}", f"#category Login\r\n\r\n{quoted}", in_reply_to=str(email["Message-ID"])
    )
    led.send(raw, LEAD)
    assert len(led.rows(Ticket)) == 2
    assert "it is not clear which ticket you mean" in words_of(led.emails_to(LEAD)[-1])
    assert {row.category for row in led.rows(Decision) if row.by == DecidedBy.PERSON} == set()


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_command_in_a_reply_counts_above_the_signature_and_the_quote_of_every_program(
    start: Start, client: str
) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(hours=7)
    led.questions().check()
    (email,) = led.emails_to(LEAD)
    answered = Original.read(email.as_bytes())
    led.send(reply(client, answered, ("This is about a login.",), author=f"Lea Maas <{LEAD}>"), LEAD)
    led.idle()
    assert "you may correct this ticket, and no more" in words_of(led.emails_to(LEAD)[-1])
    led.send(reply(client, answered, ("#category Login",), author=f"Lea Maas <{LEAD}>"), LEAD)
    led.idle()
    (ticket,) = led.rows(Ticket)
    assert (ticket.category, ticket.assigned_team) == ("Login", "IDENTITY_TEAM")
    assert len(led.emails_to(LEAD)) == 2
    assert len(led.emails_to("ann0@customer0.example")) == 1


def test_a_command_that_was_copied_from_the_text_counts_above_a_signature(start: Start) -> None:
    led = start()
    led.ask(BODIES[:1])
    led.clock.advance(hours=7)
    led.questions().check()
    (email,) = led.emails_to(LEAD)
    address = bare_link(links(email)[0])
    body = "#category Login\r\n\r\nKind regards\r\nLea Maas\r\nHead of Support\r\nTel. +351 21 555 0147"
    led.send(mail(f"Lea Maas <{LEAD}>", "My decision", body), LEAD, address)
    led.idle()
    assert led.rows(Ticket)[0].category == "Login"


def test_the_email_is_in_the_language_of_the_review_team(start: Start) -> None:
    led = start()
    teams = tuple(team.model_copy(update={"language": "de"}) for team in led.settings.teams)
    led.settings = led.settings.model_copy(update={"teams": teams})
    led.ask(BODIES[:1])
    led.clock.advance(hours=7)
    led.questions().check()
    (email,) = led.emails_to(LEAD)
    assert str(email["Subject"]).startswith("Welche Kategorie? 1 Ticket")
    assert "warten auf eine Entscheidung" in words_of(email)


def test_every_client_is_known() -> None:
    assert {"gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird-plain-text", "k-9"} <= set(CLIENTS)
