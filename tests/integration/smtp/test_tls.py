"""The listener with LMTP and with TLS."""

import json
import smtplib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.smtp import logins
from daemon.store import ledger
from daemon.store.models import InboundRow
from daemon.store.store import Store
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.smtp_client import SALES, Running
from tests.support.smtp_sink import certificate, server_context, trusting

WRONG = "AUTH PLAIN " + b64encode(b"\0ann\0guess").decode()
RIGHT = "AUTH PLAIN " + b64encode(b"\0ann\0s3cret").decode()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


def stored(store: Store) -> list[bytes]:
    """Return the bytes of every stored email, in order."""
    with store.read() as session:
        ids = (
            session.execute(select(InboundRow.id).where(InboundRow.raw.is_not(None)).order_by(InboundRow.id))
            .scalars()
            .all()
        )
        return [ledger.raw_of(session, number) for number in ids]


class TestLmtp:
    @pytest.fixture
    def lmtp(self, sqlite_store: Store) -> Iterator[Running]:
        with Running(sqlite_store, lmtp=True) as listening:
            yield listening

    def test_each_recipient_gets_a_reply(self, lmtp: Running, sqlite_store: Store) -> None:
        with lmtp.client() as client:
            client.hello("LHLO")
            first = client.deliver(mail(), SUPPORT, SALES)
            assert first == client.reply()
            assert first.startswith("250 2.0.0 Stored as HD-")
            assert client.say("NOOP").startswith("250")
        assert len(stored(sqlite_store)) == 1
        with sqlite_store.read() as session:
            assert session.execute(select(InboundRow.source)).scalar_one() == "lmtp"

    @pytest.mark.parametrize(
        ("raw", "answer"),
        [(b"Received: x\r\n" * 60 + mail(), "554 5.4.6"), (mail(body="x" * 1_000_000), "552 5.3.4")],
    )
    def test_each_recipient_gets_a_refusal(self, lmtp: Running, raw: bytes, answer: str) -> None:
        with lmtp.client() as client:
            client.hello("LHLO").begin(SUPPORT, SALES)
            client.send(raw + b".\r\n")
            assert client.reply().startswith(answer)
            assert client.reply().startswith(answer)
            assert client.say("NOOP").startswith("250")

    def test_smtplib_delivers_an_email(self, lmtp: Running) -> None:
        with smtplib.LMTP("127.0.0.1", lmtp.port, timeout=30) as client:
            assert client.sendmail(ANN, [SUPPORT], mail()) == {}

    @pytest.mark.parametrize("verb", ["HELO", "EHLO"])
    def test_helo_and_ehlo_are_refused(self, lmtp: Running, verb: str) -> None:
        with lmtp.client() as client:
            assert client.say(f"{verb} x").startswith("502 5.5.1")

    def test_before_tls_lhlo_is_allowed_and_mail_is_not(self, sqlite_store: Store, tls: tuple[Path, Path]) -> None:
        with Running(sqlite_store, lmtp=True, tls=server_context(tls), require_tls=True) as running:
            with running.client() as client:
                assert "250-STARTTLS" in client.say("LHLO client.example").splitlines()
                assert client.say(f"MAIL FROM:<{ANN}>").startswith("530")
            with smtplib.LMTP("127.0.0.1", running.port, timeout=30) as client:
                client.starttls(context=trusting(tls))
                assert client.sendmail(ANN, [SUPPORT], mail()) == {}
        assert len(stored(sqlite_store)) == 1


class TestTls:
    @pytest.fixture
    def secure(self, sqlite_store: Store, tls: tuple[Path, Path]) -> Iterator[Running]:
        users = {"ann": "s3cret"}
        with Running(sqlite_store, tls=server_context(tls), require_tls=True, users=users) as listening:
            yield listening

    @pytest.fixture
    def trust(self, tls: tuple[Path, Path]) -> ssl.SSLContext:
        return trusting(tls)

    def test_an_email_is_accepted_with_tls_and_a_password(self, secure: Running, trust: ssl.SSLContext) -> None:
        with smtplib.SMTP("127.0.0.1", secure.port, timeout=30) as client:
            client.ehlo()
            assert "auth" not in client.esmtp_features
            client.starttls(context=trust)
            client.ehlo()
            assert set(client.esmtp_features["auth"].split()) == {"LOGIN", "PLAIN"}
            client.login("ann", "s3cret")
            assert client.sendmail(ANN, [SUPPORT], mail(body="x" * 300_000)) == {}

    @pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("bob", "s3cret"), ("bob", ""), ("ann", "")])
    def test_a_wrong_password_is_refused(
        self, secure: Running, trust: ssl.SSLContext, name: str, password: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logins, "FIRST_SECONDS", 0.01)
        with smtplib.SMTP("127.0.0.1", secure.port, timeout=30) as client:
            client.starttls(context=trust)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login(name, password)
            assert client.mail(ANN)[0] == 530

    def test_the_third_wrong_password_ends_the_session_and_the_next_session_waits(
        self, secure: Running, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(logins, "FIRST_SECONDS", 0.01)
        with secure.client() as client:
            client.hello().say("STARTTLS")
            client.starttls(trust)
            client.hello()
            replies = [client.say(WRONG), client.say(WRONG), client.say(WRONG), client.say(WRONG)]
        assert [reply[:9] for reply in replies] == ["535 5.7.8", "535 5.7.8", "421 4.7.0", ""]
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "smtp login refused" in line]
        assert [(line["peer"], line["refused"]) for line in lines] == [
            ("127.0.0.1", 1),
            ("127.0.0.1", 2),
            ("127.0.0.1", 3),
        ]
        assert secure.listener.logins.within_an_hour == 3
        monkeypatch.setattr(secure.listener.logins, "take_turn", lambda _: None)
        with secure.client() as client:
            client.hello().say("STARTTLS")
            client.starttls(trust)
            assert client.hello().say(RIGHT) == "421 4.7.0 Too many failed logins, closing connection"

    def test_a_login_after_refused_ones_waits_and_is_accepted(
        self, secure: Running, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logins, "FIRST_SECONDS", 0.01)
        # The clock stands still: on a busy machine the wait may be over before the password comes.
        monkeypatch.setattr(secure.listener.logins, "_now", lambda: 1000.0)
        waits: list[float | None] = []
        ask = secure.listener.logins.take_turn
        monkeypatch.setattr(secure.listener.logins, "take_turn", lambda peer: waits.append(ask(peer)) or waits[-1])
        for _ in range(5):
            secure.listener.logins.refuse("127.0.0.1")
        with smtplib.SMTP("127.0.0.1", secure.port, timeout=30) as client:
            client.starttls(context=trust)
            client.login("ann", "s3cret")
            assert client.sendmail(ANN, [SUPPORT], mail()) == {}
        assert waits[0]
        assert secure.listener.logins.addresses == 0

    def test_a_login_that_is_no_guess_is_not_counted(self, secure: Running, trust: ssl.SSLContext) -> None:
        with secure.client() as client:
            client.hello().say("STARTTLS")
            client.starttls(trust)
            client.hello()
            for line in ("AUTH PLAIN !", "AUTH PLAIN YQ==", "AUTH CRAM-MD5", "AUTH"):
                assert client.say(line).startswith("50")
            assert client.say("AUTH LOGIN").startswith("334")
            assert client.say("*").startswith("501")
            assert client.say(RIGHT).startswith("235")
        assert secure.listener.logins.within_an_hour == 0

    @pytest.mark.parametrize("line", [f"MAIL FROM:<{ANN}>", "AUTH PLAIN AGFubgBzM2NyZXQ=", "VRFY ann"])
    def test_commands_before_tls_are_refused(self, secure: Running, line: str) -> None:
        with secure.client() as client:
            client.hello()
            assert client.say(line).startswith(("530", "538"))

    def test_commands_injected_before_tls_are_discarded(
        self, sqlite_store: Store, tls: tuple[Path, Path], trust: ssl.SSLContext
    ) -> None:
        with Running(sqlite_store, tls=server_context(tls)) as running, running.client() as client:
            client.hello()
            injected = f"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\ninjected\r\n.\r\n"
            client.send(f"STARTTLS\r\n{injected}")
            assert client.reply().startswith("220")
            client.starttls(trust)
            assert client.say("NOOP") == "250 OK"
            assert client.say(f"RCPT TO:<{SUPPORT}>").startswith("503")
            assert client.hello().deliver(mail()).startswith("250 2.0.0")
        assert len(stored(sqlite_store)) == 1

    def test_the_ehlo_before_tls_is_forgotten(
        self, sqlite_store: Store, tls: tuple[Path, Path], trust: ssl.SSLContext
    ) -> None:
        with Running(sqlite_store, tls=server_context(tls)) as running, running.client() as client:
            client.hello().envelope(SUPPORT)
            assert client.say("STARTTLS").startswith("220")
            client.starttls(trust)
            assert client.say("DATA").startswith("503")
            assert "STARTTLS" not in client.say("EHLO x")

    def test_a_failed_handshake_does_not_affect_other_clients(self, secure: Running, trust: ssl.SSLContext) -> None:
        with secure.client() as client:
            client.hello()
            assert client.say("STARTTLS").startswith("220")
            client.send(b"this is no handshake\r\n" * 10)
            client.rest()
        with smtplib.SMTP("127.0.0.1", secure.port, timeout=30) as other:
            other.starttls(context=trust)
            other.login("ann", "s3cret")
