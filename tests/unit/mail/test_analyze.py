"""The analysis of an email, without the store."""

import ipaddress
from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.mail import token
from daemon.mail.analyze import Analysis, Identity, analyze, needs_check
from daemon.mail.envelope import Inbound
from daemon.mail.roster import Team
from daemon.mail.token import Purpose, Token
from daemon.vocabulary import SenderCheck, SenderKind
from tests.support.domain_values import identity
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.fakes import NOON

KEY = b"k" * 32
POLICY = identity(
    own_addresses=frozenset({SUPPORT}),
    teams=(Team.of("TEAM", "team@example.com"),),
    keys=(KEY,),
    trusted_authserv_ids=frozenset({"mx.example.com"}),
    trusted_networks=(ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")),
    mailbox_borders={"work": "mx.google.com"},
)
EXPIRES = NOON.date() + timedelta(days=30)
MARK = token.sign(Token(Purpose.TEAM, 7, token.digest(ANN, KEY), EXPIRES), KEY)


def analysis(raw: bytes, *, mail_from: str | None = ANN, policy: Identity = POLICY) -> Analysis:
    return analyze(inbound(raw, mail_from=mail_from), policy)


def passed(domain: str) -> str:
    return f"Authentication-Results: mx.example.com; dmarc=pass header.from={domain}"


@pytest.mark.parametrize(
    ("raw", "mail_from", "kind"),
    [
        (mail(), ANN, SenderKind.PERSON),
        (mail(headers=("Auto-Submitted: auto-replied",)), ANN, SenderKind.AUTO_REPLY),
        (mail(headers=("List-Id: <news.example.net>",)), ANN, SenderKind.LIST),
        (mail(headers=(f"X-Triaged-Loop: {MARK}",)), ANN, SenderKind.OWN),
        (mail(message_id=f"<{MARK}.0a@example.com>"), ANN, SenderKind.OWN),
        (mail("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender"), "", SenderKind.BOUNCE),
    ],
)
def test_the_kind_of_sender_is_recognised(raw: bytes, mail_from: str, kind: SenderKind) -> None:
    found = analysis(raw, mail_from=mail_from)
    assert found.screening.kind is kind
    assert found.screening.reasons
    assert found.screening.acknowledge is (kind is SenderKind.PERSON)


def test_email_through_our_own_list_is_from_a_person_and_not_acknowledged() -> None:
    for added in (), ("Precedence: list",), ("Precedence: bulk", "List-Unsubscribe: <https://groups.example/u>"):
        found = through_our_list(*added)
        assert (found.screening.kind, found.screening.acknowledge, found.by_person) == (SenderKind.PERSON, False, True)


@pytest.mark.parametrize(
    "sign", ["Auto-Submitted: auto-replied", "X-Autoreply: yes", "Subject: Out of office: Re: Help"]
)
@pytest.mark.parametrize("post", [(), ("List-Post: <mailto:help@groups.example>",)])
def test_an_absence_note_through_our_own_list_is_one(sign: str, post: tuple[str, ...]) -> None:
    found = through_our_list("In-Reply-To: <1@example.com>", sign, *post)
    assert (found.screening.kind, found.by_person) == (SenderKind.AUTO_REPLY, False)
    assert found.screening.reasons[0] == "came through our own list"


def through_our_list(*headers: str) -> Analysis:
    raw = mail(headers=("List-Id: Help <help.groups.example>", *headers))
    return analysis(raw, policy=replace(POLICY, accepted_lists=frozenset({"help.groups.example"})))


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        (mail("Ann <Ann@Customer.example>"), "ann@customer.example"),
        (mail("form@shop.example", headers=("Reply-To: Ann <ann@customer.example>",)), ANN),
        (mail("form@shop.example", headers=("Reply-To: a@x.example, b@x.example",)), "form@shop.example"),
        (mail("form@shop.example", headers=("Reply-To: nobody",)), "form@shop.example"),
        (mail("ann@customer.example, bob@customer.example"), None),
        (mail("ann@customer.example)<mallory@evil.example>"), None),
        (mail(None), ANN),
        (mail(""), ANN),
        (b"", ANN),
    ],
)
def test_the_sender_is_who_gets_the_reply(raw: bytes, email: str | None) -> None:
    assert analysis(raw).sender_email == email


def test_a_pass_from_our_server_verifies_the_sender() -> None:
    assert analysis(mail(headers=(passed("customer.example"),))).verified
    assert not analysis(mail()).verified


def from_peer(raw: bytes, peer: str = "192.0.2.1", source: str = "smtp") -> Analysis:
    delivery = inbound(raw, source=source)
    return analyze(replace(delivery, envelope=replace(delivery.envelope, peer=peer)), POLICY)


@pytest.mark.parametrize(
    ("peer", "source", "verified"),
    [
        ("192.0.2.77", "smtp", True),
        ("192.0.2.77", "lmtp", True),
        ("::ffff:192.0.2.77", "smtp", True),
        ("2001:db8::7", "smtp", True),
        ("198.51.100.1", "smtp", False),
        ("::ffff:198.51.100.1", "smtp", False),
        ("2001:db9::7", "smtp", False),
        ("fe80::1%eth0", "smtp", False),
        ("local", "lmtp", False),
        ("", "smtp", False),
        # The name of a mailbox says nothing of the client, and its border is another.
        ("192.0.2.77", "imap:work/INBOX/1/2", False),
        ("work", "imap:work/INBOX/1/2", False),
        ("try", "try", False),
    ],
)
def test_a_result_is_believed_from_a_client_in_a_trusted_network_only(
    peer: str, source: str, *, verified: bool
) -> None:
    assert from_peer(mail(headers=(passed("customer.example"),)), peer, source).verified is verified


@pytest.mark.parametrize(
    ("source", "verified"),
    [
        ("imap:work/INBOX/1/2", True),
        ("imap:work/INBOX/mx.google.com/2", True),
        ("imap:other/work/1/2", False),
        ("imap:workshop/INBOX/1/2", False),
        ("smtp", False),
    ],
)
def test_a_result_is_believed_from_a_mailbox_that_declares_its_border(source: str, *, verified: bool) -> None:
    result = "Authentication-Results: mx.google.com; dmarc=pass header.from=customer.example"
    assert from_peer(mail(headers=(result,)), "work", source).verified is verified


def test_authentication_of_from_does_not_verify_another_reply_to() -> None:
    raw = mail("mallory@evil.example", headers=(passed("evil.example"), f"Reply-To: {ANN}"))
    found = analysis(raw)
    assert found.sender_email == ANN
    assert not found.verified


def test_a_reply_to_equal_to_from_stays_verified() -> None:
    assert analysis(mail(headers=(passed("customer.example"), "Reply-To: ANN@customer.example"))).verified


def test_only_a_report_is_read_as_a_report() -> None:
    assert (
        analysis(mail("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender"), mail_from="").dsn is not None
    )
    assert analysis(mail()).dsn is None


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", b"\0" * 100, bytes(range(256)), b"From: \xff\r\n\r\n\xff", b":" * 9999]
)
def test_any_bytes_can_be_analyzed(raw: bytes) -> None:
    assert analysis(raw).screening.reasons


CHECKING = replace(POLICY, checks_senders=True)
OUTSIDE = "198.51.100.7"


def came(raw: bytes, peer: str = OUTSIDE, *, source: str = "smtp", login: str = "") -> Inbound:
    one = inbound(raw, source=source)
    return replace(one, envelope=replace(one.envelope, peer=peer, login=login))


@pytest.mark.parametrize(
    ("one", "policy", "needed"),
    [
        (came(mail()), CHECKING, True),
        (came(mail(), source="lmtp"), CHECKING, True),
        (came(mail()), POLICY, False),
        (came(mail(), "192.0.2.9"), CHECKING, False),
        (came(mail(), "::ffff:192.0.2.9"), CHECKING, False),
        (came(mail(), "work", source="imap:work/INBOX/1/2"), CHECKING, False),
        (came(mail(), login="agent@example.com"), CHECKING, False),
        (came(mail(headers=("Auto-Submitted: auto-replied",))), CHECKING, False),
        (came(mail(headers=("List-Id: <news.example.net>",))), CHECKING, False),
    ],
)
def test_the_senders_of_peoples_email_from_outside_are_checked(one: Inbound, policy: Identity, needed: bool) -> None:
    assert needs_check(one, analyze(one, policy), policy) is needed


@pytest.mark.parametrize("verified", [True, False])
def test_our_own_check_says_whether_the_author_is_genuine(verified: bool) -> None:
    found = analyze(came(mail()), CHECKING, SenderCheck(verified, ("dmarc=x",)))
    assert (found.verified, found.from_author.by_dmarc, found.authentication) == (verified, verified, ("dmarc=x",))


def test_our_own_check_says_nothing_about_reply_to() -> None:
    raw = mail(headers=("Reply-To: victim@elsewhere.example",))
    found = analyze(came(raw), CHECKING, SenderCheck(verified=True, results=("dmarc=pass",)))
    assert (found.sender_email, found.verified) == ("victim@elsewhere.example", False)
