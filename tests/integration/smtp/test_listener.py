"""The listener with normal clients: what is stored, and the reply of each refusal."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from daemon.mail import token
from daemon.mail.token import Purpose, Token
from daemon.store import ledger
from daemon.store.models import InboundRow
from daemon.store.store import Store
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.fakes import NOON
from tests.support.smtp_client import KEY, SALES, Running

STAMP = token.sign(Token(Purpose.CUSTOMER, 1, token.digest(ANN, KEY), NOON.date() + timedelta(days=9)), KEY)


@pytest.fixture
def running(sqlite_store: Store) -> Iterator[Running]:
    with Running(sqlite_store) as listening:
        yield listening


def stored(store: Store) -> list[bytes]:
    """Return the bytes of every stored email, in order."""
    with store.read() as session:
        ids = (
            session.execute(select(InboundRow.id).where(InboundRow.raw.is_not(None)).order_by(InboundRow.id))
            .scalars()
            .all()
        )
        return [ledger.raw_of(session, number) for number in ids]


def test_250_means_stored_and_has_the_reference(store: Store) -> None:
    raw = mail()
    with Running(store) as running, running.client() as client:
        reply = client.hello().deliver(raw)
    with store.read() as session:
        row = session.execute(select(InboundRow)).scalar_one()
        reference = session.execute(text("SELECT reference FROM ticket")).scalar_one()
        assert (row.source, row.peer, row.mail_from, row.rcpt_tos) == ("smtp", "127.0.0.1", ANN, [SUPPORT])
    assert reply == f"250 2.0.0 Stored as {reference}"
    assert stored(store) == [raw]
    assert len(running.woken.offers) == 1


def test_the_reply_names_the_disposition_of_an_email_without_ticket(running: Running) -> None:
    with running.client() as client:
        reply = client.hello().deliver(mail(headers=("Auto-Submitted: auto-replied",)))
    assert reply == "250 2.0.0 Stored as 1 (auto-reply)"


def test_one_session_accepts_several_emails(running: Running, sqlite_store: Store) -> None:
    raws = [mail() for _ in range(20)]
    with running.client() as client:
        client.hello()
        assert all(client.deliver(raw).startswith("250 2.0.0") for raw in raws)
        assert client.say("QUIT").startswith("221")
    assert stored(sqlite_store) == raws


def test_smtplib_delivers_an_email(running: Running, sqlite_store: Store) -> None:
    raw = mail(body=".\r\n..\r\n.leading dots\r\n\r\n")
    with smtplib.SMTP("127.0.0.1", running.port, timeout=30) as client:
        assert client.sendmail(ANN, [SUPPORT, SALES], raw) == {}
        assert int(client.esmtp_features["size"]) == running.how.message_bytes
        assert {"8bitmime", "smtputf8", "enhancedstatuscodes"} <= client.esmtp_features.keys()
        assert not {"starttls", "auth", "vrfy"} & client.esmtp_features.keys()
    assert stored(sqlite_store) == [raw]


@pytest.mark.parametrize("name", ["mx.example.com", "HELPDESK-7", "help"])
def test_the_greeting_names_the_host(sqlite_store: Store, name: str) -> None:
    with Running(sqlite_store, hostname=name) as running, running.client() as client:
        assert client.greeting == f"220 {name} ESMTP triaged"
        lines = client.say("EHLO client.example").splitlines()
    assert lines[0] == f"250-{name}"
    assert lines[-1].startswith("250 ")
    assert "250 HELP" not in lines


@pytest.mark.parametrize(
    "body",
    [
        "",
        ".",
        "..",
        ".\r\n",
        "a\r\n.b\r\n..c\r\n...",
        "a\r\n\r\n.\r\n\r\nb",
        "x" * 1200,
        "x" * 500_000,
        ("." * 70_000) + "\r\n" + ("." * 70_000),
        "\r\n".join(["x" * 65_530] * 5),
        "\r\n".join("." * n for n in range(200)),
        "\u00fcml\u00e4ut \u4f60\u597d",
        "nul \0 and bell \7",
    ],
)
def test_an_email_is_stored_byte_for_byte(running: Running, sqlite_store: Store, body: str) -> None:
    raw = mail(body=body)
    with running.client() as client:
        assert client.hello().deliver(raw).startswith("250 2.0.0")
    assert stored(sqlite_store) == [raw]


@pytest.mark.parametrize("cut", range(1, 9))
def test_the_end_of_data_is_found_across_segments(running: Running, sqlite_store: Store, cut: int) -> None:
    raw = mail(body="x" * 65_500)
    data = raw + b".\r\n"
    with running.client() as client:
        client.hello().begin()
        client.send(data[:-cut])
        client.send(data[-cut:])
        assert client.reply().startswith("250 2.0.0")
    assert stored(sqlite_store) == [raw]


def test_an_email_may_be_empty(running: Running, sqlite_store: Store) -> None:
    with running.client() as client:
        assert client.hello().deliver(b"").startswith("250 2.0.0")
    assert stored(sqlite_store) == [b""]


def test_a_whole_session_in_one_segment_is_accepted(running: Running, sqlite_store: Store) -> None:
    raw = mail()
    with running.client() as client:
        client.send(f"EHLO x\r\nMAIL FROM:<{ANN}>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n".encode() + raw + b".\r\nQUIT\r\n")
        assert "250 2.0.0 Stored as HD-" in client.rest()
    assert stored(sqlite_store) == [raw]


def test_pipelined_emails_are_all_stored(running: Running, sqlite_store: Store) -> None:
    raws = [mail(body="x" * size) for size in (10, 200_000, 70_000, 20)]
    envelope = f"MAIL FROM:<{ANN}>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n".encode()
    with running.client() as client:
        client.send(b"EHLO x\r\n" + b"".join(envelope + raw + b".\r\n" for raw in raws) + b"QUIT\r\n")
        assert client.rest().count("250 2.0.0 Stored as HD-") == len(raws)
    assert stored(sqlite_store) == raws


ADDRESSES = [
    (SUPPORT, "250 2.1.5"),
    ("Support@EXAMPLE.com", "250 2.1.5"),
    (f"support+{STAMP}@example.com", "250 2.1.5"),
    (f"SUPPORT+{STAMP.upper()}@example.com", "250 2.1.5"),
    ("support+anything@example.com", "550 5.1.1"),
    (f"support+{STAMP}x@example.com", "550 5.1.1"),
    (f"other+{STAMP}@example.com", "550 5.1.1"),
    ("other@example.com", "550 5.1.1"),
    ("support@other.example", "550 5.1.1"),
    ("support@example.com.other.example", "550 5.1.1"),
    ("support@sub.example.com", "550 5.1.1"),
    ("support%example.com@other.example", "550 5.1.1"),
    ("other%other.example@example.com", "550 5.1.1"),
    ("other!support@example.com", "550 5.1.1"),
    ('"support@example.com"@other.example', "550 5.1.1"),
    ('"other@other.example"@example.com', "550 5.1.1"),
    ("support@[127.0.0.1]", "550 5.1.1"),
    ("", "553 5.1.3"),
    ("support", "553 5.1.3"),
    ("support@", "553 5.1.3"),
    ("@example.com", "553 5.1.3"),
    ("support@example..com", "553 5.1.3"),
    ("support\0@example.com", "553 5.1.3"),
    ("postmaster", "250 2.1.5"),
    ("Postmaster@example.com", "250 2.1.5"),
    ("postmaster@", "553 5.1.3"),
    ("postmaster@other.example", "550 5.1.1"),
    ("postmaster@sub.example.com", "550 5.1.1"),
    (f"postmaster+{STAMP}@example.com", "550 5.1.1"),
    ("support@example.com>,<other@other.example", "5"),
    ("support@example.com> <other@other.example", "5"),
    ("support@example.com> NOTIFY=SUCCESS X=<", "5"),
    ("a" * 400 + "@example.com", "55"),
]


@pytest.mark.parametrize(("address", "answer"), ADDRESSES)
def test_only_configured_recipients_are_accepted(running: Running, address: str, answer: str) -> None:
    with running.client() as client:
        client.hello()
        assert client.say(f"MAIL FROM:<{ANN}>").startswith("250 2.1.0")
        assert client.say(f"RCPT TO:<{address}>").startswith(answer)


def test_a_source_route_is_ignored(running: Running, sqlite_store: Store) -> None:
    with running.client() as client:
        client.hello().deliver(mail(), f"@relay.example:{SUPPORT}")
    with sqlite_store.read() as session:
        assert session.execute(select(InboundRow.rcpt_tos)).scalar_one() == [SUPPORT]


def test_without_plus_addressing_an_address_with_a_token_is_refused(sqlite_store: Store) -> None:
    with Running(sqlite_store, tagged=frozenset()) as running, running.client() as client:
        client.hello().envelope(SUPPORT)
        assert client.say(f"RCPT TO:<support+{STAMP}@example.com>") == "550 5.1.1 No such recipient"


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        (b"", "250"),
        (b"ann@customer.example", "250"),
        ("j\u00fcrgen@b\u00fccher.example".encode(), "250"),
        (b'"a b"@customer.example', "250"),
        (b"ann@[192.0.2.1]", "250"),
        (b"ann", "553 5.1.7"),
        (b"ann@", "553 5.1.3"),
        (b"ann@-.example", "553 5.1.7"),
        (b"a\0b@customer.example", "553 5.1.7"),
        (b"a\xff@customer.example", "553 5.1.7"),
        (b"ann@customer.example> BODY=9BIT <", "5"),
    ],
)
def test_a_sender_is_an_address_or_empty(running: Running, sqlite_store: Store, address: bytes, answer: str) -> None:
    with running.client() as client:
        client.hello()
        reply = client.say(b"MAIL FROM:<" + address + b"> SMTPUTF8")
        assert reply.startswith(answer)
        if reply.startswith("250"):
            client.say(f"RCPT TO:<{SUPPORT}>")
            client.say("DATA")
            client.send(mail() + b".\r\n")
            assert client.reply().startswith("250 2.0.0")
            with sqlite_store.read() as session:
                assert session.execute(select(InboundRow.mail_from)).scalar_one() == address.decode()


SEQUENCES = [
    (["MAIL FROM:<a@x.example>"], "503"),
    (["EHLO x", f"RCPT TO:<{SUPPORT}>"], "503"),
    (["EHLO x", "DATA"], "503 5.5.1"),
    (["EHLO x", "MAIL FROM:<a@x.example>", "DATA"], "503 5.5.1"),
    (["EHLO x", "MAIL FROM:<a@x.example>", "MAIL FROM:<b@x.example>"], "503"),
    (["EHLO x", "MAIL FROM:<a@x.example>", "RSET", f"RCPT TO:<{SUPPORT}>"], "503"),
    (["EHLO x", "MAIL FROM:<a@x.example>", f"RCPT TO:<{SUPPORT}>", "DATA now"], "501 5.5.4"),
    (["EHLO"], "501"),
    (["EHLO x", "VRFY support"], "502 5.5.1"),
    (["EHLO x", "EXPN support"], "502 5.5.1"),
    (["EHLO x", "AUTH PLAIN AGFubgBzZWNyZXQ="], "538"),
    (["EHLO x", "STARTTLS"], "454"),
    (["EHLO x", "LHLO x"], "500"),
    (["EHLO x", "BDAT 10 LAST"], "500"),
    (["EHLO x", "MAIL FROM:<a@x.example> SIZE=1000001"], "552"),
    (["EHLO x", "MAIL FROM:<a@x.example> SIZE=1000000"], "250"),
    (["EHLO x", "MAIL FROM:<a@x.example> BODY=8BITMIME"], "250"),
    (["EHLO x", "MAIL FROM:<a@x.example> UNKNOWN=1"], "555"),
    (["HELO x", "MAIL FROM:<a@x.example>"], "250"),
    (["NOOP"], "250"),
    (["EHLO x", "x" * 600], "500"),
    (["EHLO x", "QUIT"], "221"),
]


@pytest.mark.parametrize(("lines", "answer"), SEQUENCES)
def test_a_command_gets_the_reply_of_its_state(running: Running, lines: list[str], answer: str) -> None:
    with running.client() as client:
        replies = [client.say(line) for line in lines]
    assert replies[-1].startswith(answer)
    assert not any("Error: (" in reply for reply in replies)


@pytest.mark.parametrize("recipients", [{SUPPORT}, {SUPPORT, "help@example.net"}, {SUPPORT, "postmaster@example.com"}])
@pytest.mark.parametrize("address", ["postmaster", "PostMaster", "postmaster@example.com", "Postmaster@Example.COM"])
def test_email_to_the_postmaster_needs_no_setting(sqlite_store: Store, address: str, recipients: set[str]) -> None:
    with Running(sqlite_store, recipients=frozenset(recipients)) as running, running.client() as client:
        assert client.hello().deliver(mail(), address).startswith("250 2.0.0 Stored as HD-")
    with sqlite_store.read() as session:
        (recipient,) = session.execute(select(InboundRow.rcpt_tos)).scalar_one()
    assert recipient.lower() == "postmaster@example.com"


def test_too_many_recipients_get_a_temporary_refusal(running: Running) -> None:
    with running.client() as client:
        client.hello().envelope(*[SUPPORT] * running.how.max_recipients)
        assert client.say(f"RCPT TO:<{SALES}>") == "452 4.5.3 Too many recipients"
        assert client.say("DATA").startswith("354")


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        ("Received: from a by b\r\n" * 50, "250 2.0.0"),
        ("Received: from a by b\r\n" * 51, "554 5.4.6"),
        ("Received: from a\r\n\tby b\r\n" * 300, "554 5.4.6"),
        ("received: from a by b\n" * 51, "554 5.4.6"),
        ("X-Received: from a by b\r\n" * 300, "250 2.0.0"),
        # RFC 5322 section 4.5 allows blanks before the colon.
        ("Received \t: from a by b\r\n" * 300, "554 5.4.6"),
    ],
)
def test_an_email_with_too_many_hops_is_refused(running: Running, head: str, answer: str) -> None:
    with running.client() as client:
        assert client.hello().deliver(head.encode() + mail()).startswith(answer)
        assert client.deliver(mail()).startswith("250 2.0.0")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_received_lines_in_the_body_are_not_counted_as_hops(running: Running, end: str) -> None:
    raw = mail(body="Received: from a by b\r\n" * 300).replace(b"\r\n", end.encode())
    with running.client() as client:
        assert client.hello().deliver(raw + b"\r\n").startswith("250 2.0.0")


def test_an_email_over_the_size_limit_is_refused_and_the_next_is_accepted(
    running: Running, sqlite_store: Store
) -> None:
    limit = running.how.message_bytes
    shell = len(mail(body="", message_id="<size@x>"))
    fits = mail(body="x" * (limit - shell), message_id="<size@x>")
    assert len(fits) == limit
    with running.client() as client:
        client.hello()
        assert client.deliver(fits[:-2] + b"x\r\n") == "552 5.3.4 Message too large"
        assert client.deliver(fits).startswith("250 2.0.0")
    assert stored(sqlite_store) == [fits]


def test_transparency_dots_do_not_count_towards_the_size_limit(running: Running, sqlite_store: Store) -> None:
    limit = running.how.message_bytes
    shell = len(mail(body="", message_id="<size@x>"))
    lines, rest = divmod(limit - shell, len(".\r\n"))
    fits = mail(body="." * rest + ".\r\n" * lines, message_id="<size@x>")
    assert len(fits) == limit
    with running.client() as client:
        assert client.hello().deliver(fits).startswith("250 2.0.0")
    assert stored(sqlite_store) == [fits]


def test_a_full_disk_gives_a_temporary_refusal(sqlite_store: Store) -> None:
    room = [False]
    with Running(sqlite_store, enough_space=lambda: room[0]) as running, running.client() as client:
        client.hello()
        assert client.say(f"MAIL FROM:<{ANN}>") == "452 4.3.1 Insufficient storage, try again later"
        room[0] = True
        assert client.deliver(mail()).startswith("250 2.0.0")
