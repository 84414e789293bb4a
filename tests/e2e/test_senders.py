"""Our own check of senders, by SMTP: from the bytes of a customer's server to what the team and the customer get."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daemon.store.models import AnswerRow, InboundRow, Job, MessageRow, Person, Ticket
from daemon.store.queries.timeline import timeline
from daemon.tickets.last_email import people_of_last_email
from tests.support.conversation import reply_to
from tests.support.dns_server import DnsServer, texts
from tests.support.emails import mail
from tests.support.fakes import FakeClock, eventually
from tests.support.helpdesk import MEMBER, Helpdesk, settings_for, text_of
from tests.support.signing import Signer, rsa_key
from tests.support.smtp_sink import Sink

OUR_NAME = "mx.example.com"
BOB, TEAM, EVE = "bob@shop.example", "payments-team@example.com", "eve@evil.example"
SHOP, LISTS = Signer(), Signer("lists.example", "l1", rsa_key(2048))
ZONE = texts(SHOP.zone | LISTS.zone | {"_dmarc.shop.example": "v=DMARC1; p=reject", "shop.example": "v=spf1 -all"})
SAW = "mx.lists.example; dmarc=pass header.from=shop.example"


@dataclass
class Desk:
    """A helpdesk that checks senders, and the name server that it asks."""

    helpdesk: Helpdesk
    dns: DnsServer

    def send(self, raw: bytes) -> str:
        return self.helpdesk.send(raw, BOB)

    def message(self) -> Any:
        """Return the only message, once all is done."""
        self.helpdesk.idle()
        (message,) = self.helpdesk.rows(MessageRow)
        return message

    def to(self, recipient: str) -> list[str]:
        self.helpdesk.idle()
        emails = self.helpdesk.emails(0)
        return [text_of(one) for one in emails if one["To"] == recipient]


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer(ZONE) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql+redis"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def seconds() -> float:
    """Return how long the check of a sender may take: as long as the settings allow, for a slow machine."""
    return 15


@pytest.fixture
def trusted() -> tuple[str, ...]:
    """Return the servers whose results are believed; with any, the client that sends is one of ours."""
    return ()


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    kind: str,
    tmp_path: Path,
    sink: Sink,
    examples: Path,
    models: Path,
    dns: DnsServer,
    seconds: float,
    trusted: tuple[str, ...],
) -> Iterator[Desk]:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    shutil.copytree(models, state / "models")
    (state / "models").chmod(0o700)
    database = broker = ""
    if kind != "sqlite":
        database, broker = request.getfixturevalue("postgres_store_url"), request.getfixturevalue("redis_url")
    settings = settings_for(state, sink, examples, database, broker)
    own = {
        "check": True,
        "nameservers": [dns.setting],
        "trusted_intermediaries": ["lists.example"],
        "timeout_seconds": seconds,
        "authserv_id": OUR_NAME,
    }
    changed: dict[str, Any] = {"authentication": settings.authentication.model_validate(own)}
    if trusted:
        changed["smtp"] = settings.smtp.model_copy(update={"trusted_networks": ("127.0.0.0/8",)})
        changed["support"] = settings.support.model_copy(update={"trusted_authserv_ids": trusted})
    with Helpdesk(settings.model_copy(update=changed), sink, FakeClock()) as running:
        yield Desk(running, dns)


def from_bob(body: str = "Amount debited but not credited", **more: Any) -> bytes:
    return mail(f"Bob Shop <{BOB}>", "Payment failed", body, **more)


def test_a_genuine_sender_is_verified_everywhere(desk: Desk) -> None:
    answer = desk.send(SHOP.dkim(from_bob()))
    (email,) = desk.helpdesk.rows(InboundRow)
    assert (answer, email.disposition) == (f"250 2.0.0 Stored as {email.id} (checking)", "checking")
    assert desk.helpdesk.rows(Ticket) == []

    desk.helpdesk.work()
    desk.helpdesk.emails(2)
    message = desk.message()
    assert message.verified
    assert message.authentication == [
        "dmarc=pass (shop.example, dkim)",
        "spf=fail (shop.example)",
        "dkim=pass (shop.example, selector s1, rsa-1024)",
    ]
    (acknowledgement,) = desk.to(BOB)
    assert "Bob" in acknowledgement
    (notification,) = desk.to(TEAM)
    assert "Sender check: genuine: dmarc=pass (shop.example, dkim)" in notification
    assert "not verified" not in notification
    with desk.helpdesk.store.read() as session:
        entries = timeline(session, [email.id])
    assert [job.state for job in desk.helpdesk.rows(Job)] == ["done"] * 5
    assert any("dmarc=pass (shop.example, dkim)" in entry.reasons for entry in entries)
    assert any(entry.text.startswith("check inbound:") for entry in entries)


def test_a_forged_sender_is_not_verified_and_not_refused(desk: Desk) -> None:
    desk.helpdesk.work()
    assert desk.send(from_bob()).startswith("250")
    desk.helpdesk.emails(2)
    message = desk.message()
    assert (message.verified, message.authentication[0]) == (False, "dmarc=fail (shop.example, policy reject)")
    (acknowledgement,) = desk.to(BOB)
    assert "Bob" not in acknowledgement
    (notification,) = desk.to(TEAM)
    assert "dmarc=fail (shop.example, policy reject)" in notification


def test_a_forged_sender_does_not_pass_as_a_customer_who_answered_us_before(desk: Desk) -> None:
    desk.helpdesk.work()
    desk.send(SHOP.dkim(from_bob()))
    desk.to(BOB)
    (ours,) = [one for one in desk.helpdesk.emails(0) if one["To"] == BOB]
    answer = mail(f"Bob Shop <{BOB}>", f"Re: {ours['Subject']}", "Still nothing.", in_reply_to=ours["Message-ID"])
    assert desk.helpdesk.send(SHOP.dkim(answer), BOB, reply_to(ours)).startswith("250")
    desk.to(BOB)
    assert [person.verified_at is not None for person in desk.helpdesk.rows(Person) if person.email == BOB] == [True]

    # The limit for strangers binds the forgery too, so that it would not be acknowledged today.
    desk.helpdesk.clock.advance(days=1, hours=1)
    forged = mail(f"Cheap pills <{BOB}>", "Your prize is at evil.example", "Tell us.", headers=(f"Cc: {EVE}",))
    assert desk.helpdesk.send(forged, BOB).startswith("250")
    assert len(desk.to(BOB)) == 2
    (*_, acknowledgement) = (one for one in desk.helpdesk.emails(0) if one["To"] == BOB)
    assert "evil.example" not in str(acknowledgement["Subject"])
    assert "If you did not write to us" in text_of(acknowledgement)
    notification = next(text_of(one) for one in reversed(desk.helpdesk.emails(0)) if "evil" in str(one["Subject"]))
    assert "They get your reply only if you add them in Cc." in notification
    with desk.helpdesk.store.read() as session:
        assert people_of_last_email(session, desk.helpdesk.rows(Ticket)[-1].id, frozenset({BOB})) == (BOB,)


@pytest.mark.parametrize("seconds", [1])
@pytest.mark.parametrize("failure", ["down", "failing"])
def test_email_flows_while_the_dns_is_down(desk: Desk, failure: str) -> None:
    desk.dns.is_down = failure == "down"
    desk.dns.failing = set(ZONE) if failure == "failing" else set()
    desk.helpdesk.work()
    assert desk.send(SHOP.dkim(from_bob())).startswith("250")
    desk.helpdesk.emails(2)
    message = desk.message()
    assert (message.verified, message.authentication[0]) == (False, "not checked: DNS did not answer")


def test_a_250_does_not_wait_for_the_dns(desk: Desk) -> None:
    desk.dns.is_down = True
    assert desk.send(SHOP.dkim(from_bob())).endswith("(checking)")
    assert desk.dns.asked == []


def test_a_trusted_list_vouches_for_what_it_changed(desk: Desk) -> None:
    desk.helpdesk.work()
    desk.send(LISTS.arc(SHOP.dkim(from_bob()).replace(b"Subject: ", b"Subject: [list] "), SAW))
    desk.helpdesk.emails(2)
    message = desk.message()
    assert (message.verified, message.authentication[0]) == (True, "dmarc=pass (shop.example, arc by lists.example)")


def test_results_under_our_own_name_are_ignored(desk: Desk) -> None:
    desk.helpdesk.work()
    forged = f"Authentication-Results: {OUR_NAME}; dmarc=pass header.from=shop.example"
    desk.send(from_bob(headers=(forged,)))
    desk.helpdesk.emails(2)
    assert not desk.message().verified


@pytest.mark.parametrize("trusted", [(OUR_NAME, "border.example.com")])
@pytest.mark.parametrize("name", [OUR_NAME, "border.example.com"])
def test_a_trusted_client_s_results_are_believed_but_for_those_under_our_own_name(desk: Desk, name: str) -> None:
    desk.helpdesk.work()
    result = f"Authentication-Results: {name}; dmarc=pass header.from=shop.example"
    assert desk.send(from_bob(headers=(result,))).startswith("250 2.0.0 Stored as HD-")
    desk.helpdesk.emails(2)
    message = desk.message()
    assert (message.verified, message.authentication) == (name == "border.example.com", None)
    assert desk.dns.asked == []


def test_a_reference_joins_a_ticket_when_its_participant_is_proved(desk: Desk) -> None:
    desk.helpdesk.work()
    desk.send(SHOP.dkim(from_bob()))
    desk.helpdesk.idle()
    eventually(lambda: desk.helpdesk.rows(Ticket))
    (ticket,) = desk.helpdesk.rows(Ticket)
    about = {"message_id": None}
    desk.send(SHOP.dkim(mail(f"Bob <{BOB}>", f"about {ticket.reference}", "any news?", **about)))
    desk.helpdesk.idle()
    desk.send(mail(f"Bob <{BOB}>", f"about {ticket.reference}", "send it to me instead", **about))
    desk.helpdesk.idle()
    joined = [message.ticket_id == ticket.id for message in desk.helpdesk.rows(MessageRow)]
    assert joined == [True, True, False]


def test_many_emails_are_checked_at_once_and_a_copy_is_one(desk: Desk) -> None:
    raws = [SHOP.dkim(from_bob(f"Amount {number} debited but not credited")) for number in range(12)]
    for raw in (*raws, raws[0]):
        desk.send(raw)
    desk.helpdesk.work()
    desk.helpdesk.idle()
    eventually(lambda: len(desk.helpdesk.rows(Ticket)) == 12)
    desk.helpdesk.idle()
    assert [row.disposition for row in desk.helpdesk.rows(InboundRow)] == ["ticket"] * 12 + ["duplicate"]
    assert all(message.verified for message in desk.helpdesk.rows(MessageRow))


@pytest.mark.parametrize(("is_down", "seconds"), [(False, 15), (True, 1)], ids=["forged", "not checked"])
def test_an_answer_that_fails_authentication_goes_back_to_the_team_and_never_to_from(
    desk: Desk, *, is_down: bool
) -> None:
    desk.dns.zone |= texts({"_dmarc.example.com": "v=DMARC1; p=reject"})
    desk.helpdesk.work()
    desk.send(SHOP.dkim(from_bob()))
    (notification,) = [one for one in desk.helpdesk.emails(2) if one["To"] == TEAM]
    to = notification["Reply-To"].addresses[0].addr_spec

    desk.dns.is_down = is_down
    desk.helpdesk.send(mail(f"Ana <{MEMBER}>", "Re: Payment failed", "Pay to this account instead"), EVE, to)
    returned = desk.helpdesk.emails(3)[2]
    desk.helpdesk.idle()
    assert returned["To"] == TEAM
    text = " ".join(text_of(returned).split())
    assert "Nothing was sent or changed: it is not certain who wrote this email." in text
    reason = "not checked: DNS did not answer" if is_down else "dmarc=fail (example.com, policy reject)"
    assert f"our own check (DMARC) did not confirm that this email comes from {MEMBER}: {reason}" in text
    assert "Pay to this account instead" in text
    assert len(desk.helpdesk.sink.received) == 3
    (ticket,) = desk.helpdesk.rows(Ticket)
    assert (ticket.status, ticket.taken_by) == ("OPEN", None)


def test_a_machine_s_email_is_not_checked(desk: Desk) -> None:
    desk.helpdesk.work()
    assert desk.send(from_bob(headers=("Auto-Submitted: auto-replied",))).endswith("(auto-reply)")
    assert desk.dns.asked == []


def test_a_member_s_answer_reaches_the_customer_only_when_the_member_is_proved(desk: Desk) -> None:
    office = Signer("example.com", "o1")
    desk.dns.zone |= texts(office.zone | {"_dmarc.example.com": "v=DMARC1; p=reject"})
    desk.helpdesk.work()
    desk.send(SHOP.dkim(from_bob()))
    (notification,) = [one for one in desk.helpdesk.emails(2) if one["To"] == TEAM]
    to = notification["Reply-To"].addresses[0].addr_spec

    desk.helpdesk.send(mail(TEAM, "Re: Payment failed", "Pay to this account instead"), EVE, to)
    desk.helpdesk.idle()
    eventually(lambda: len(desk.helpdesk.rows(AnswerRow)) == 1)
    desk.helpdesk.send(office.dkim(mail(TEAM, "Re: Payment failed", "We have paid it back")), TEAM, to)
    desk.helpdesk.idle()
    eventually(lambda: len(desk.helpdesk.rows(AnswerRow)) == 2)
    desk.helpdesk.idle()
    assert [answer.state for answer in desk.helpdesk.rows(AnswerRow)] == ["returned", "sent"]
    ((returned,),) = [[text for text in desk.to(TEAM) if "not certain who wrote" in text]]
    assert "Pay to this account instead" in returned
    assert "dmarc=fail (example.com, policy reject)" in returned
    to_customer = "".join(desk.to(BOB))
    assert "We have paid it back" in to_customer
    assert "Pay to this account" not in to_customer
