"""Logging in to a mailbox: passwords, TLS and tokens."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from imapclient.exceptions import IMAPClientError

from daemon.imap.backfill import probe
from daemon.imap.connection import BoundedClient
from daemon.imap.login import LoginRefusedError
from daemon.imap.oauth2 import TokenUnavailableError
from daemon.imap.session import FolderError, connect
from tests.support.fakes import eventually
from tests.support.imap import BRISK, PATIENT, Taker, account, mail, polling
from tests.support.imap_faults import hang_up, news_with_consent
from tests.support.imap_pymap import pymap
from tests.support.imap_server import Connection, ImapServer
from tests.support.ports import free_port
from tests.support.smtp_sink import certificate, server_context


def test_after_three_refusals_a_password_is_not_tried_again_soon(server: ImapServer, taker: Taker) -> None:
    server.password = "changed"
    with polling(account(server.port), taker) as poller:
        eventually(lambda: poller.state().refused == 3)
        time.sleep(0.5)
        assert len(server.commands("LOGIN")) == 3
        assert "AUTHENTICATIONFAILED" in poller.state().error


def test_a_busy_server_is_no_refusal(server: ImapServer, taker: Taker) -> None:
    def busy(connection: Connection, tag: str) -> None:
        connection.send(f"{tag} NO [UNAVAILABLE] later")

    server.fault("LOGIN", busy, times=5)
    server.fault("LOGIN", hang_up, times=2)
    with polling(account(server.port), taker) as poller:
        eventually(server.idling.is_set)
        assert poller.state().refused == 0


def test_a_user_name_that_needs_quoting_is_sent_by_sasl(server: ImapServer) -> None:
    mailbox = account(server.port, username="DOMAIN\\ann smith", password="p\u00e4ss")
    with connect(mailbox, None, BRISK, 1000):
        assert not server.commands("LOGIN")
        assert server.tokens


def test_a_probe_reports_what_works_and_what_does_not(server: ImapServer) -> None:
    assert probe(account(server.port), BRISK) == f"127.0.0.1:{server.port} as user: INBOX; IDLE"
    with pytest.raises(FolderError, match="no folder 'Other'"):
        probe(account(server.port, folders=("Other",)), BRISK)
    with pytest.raises(LoginRefusedError, match="AUTHENTICATIONFAILED"):
        probe(account(server.port, password="guess"), BRISK)
    with pytest.raises(OSError, match="refused"):
        probe(account(free_port()), BRISK)


def test_a_password_that_the_server_repeats_is_not_shown(server: ImapServer) -> None:
    def parrot(connection: Connection, tag: str) -> None:
        connection.send(f"{tag} NO {server.commands('LOGIN')[-1]} is wrong")

    server.fault("LOGIN", parrot)
    with pytest.raises(LoginRefusedError) as caught:
        connect(account(server.port, password="canary"), None, BRISK, 1000)
    assert "canary" not in str(caught.value)


# TLS


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


def test_idle_works_over_tls(files: tuple[Path, Path], taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with ImapServer(server_context(files)) as server:
        server.fault("IDLE", news_with_consent)
        with polling(account(server.port, security="tls"), taker, PATIENT):
            eventually(lambda: taker.subjects == ["together"])
            eventually(server.idling.is_set)
            server.inbox.add(mail("later"))
            eventually(lambda: taker.subjects == ["together", "later"])


def test_a_probe_works_over_starttls(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    port = free_port()
    with pymap(port, "--cert", str(files[0]), "--key", str(files[1])):
        assert probe(account(port, security="starttls"), BRISK).endswith("INBOX; IDLE")


def test_a_server_with_an_untrusted_certificate_gets_no_password(files: tuple[Path, Path]) -> None:
    with ImapServer(server_context(files)) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            probe(account(server.port, security="tls"), BRISK)
        assert not server.received


def test_a_server_without_starttls_gets_no_password(server: ImapServer) -> None:
    with pytest.raises(IMAPClientError, match="STARTTLS"):
        probe(account(server.port, security="starttls"), BRISK)
    assert not server.commands("LOGIN")


# XOAUTH2


class TokenServer(BaseHTTPRequestHandler):
    asked: list[dict[str, str]]
    answer: tuple[int, bytes]

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append({name: values[0] for name, values in form.items()})
        self.send_response(self.answer[0])
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(self.answer[1].replace(b"%d", str(len(self.asked)).encode()))

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def tokens() -> Iterator[tuple[type[TokenServer], str]]:
    handler = type("Handler", (TokenServer,), {"asked": [], "answer": (200, b'{"access_token": "t%d"}')})
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield handler, f"http://127.0.0.1:{http.server_port}/token"
        http.shutdown()
        thread.join()


def test_a_token_is_fetched_once_and_again_when_the_server_refuses_it(
    server: ImapServer, taker: Taker, tokens: tuple[type[TokenServer], str]
) -> None:
    issuer, url = tokens
    grant = {"token_url": url, "client_id": "us", "client_secret": "s", "scope": "mail"}
    server.likes = lambda answer: len(server.tokens) > 1 and answer != server.tokens[0]
    server.fault("IDLE", hang_up)
    with polling(account(server.port, password="", oauth2=grant), taker):
        eventually(server.idling.is_set)
    wanted = {"client_id": "us", "client_secret": "s", "scope": "mail", "grant_type": "client_credentials"}
    assert issuer.asked == [wanted, wanted]
    assert len(server.tokens) == 3


def test_a_refresh_token_is_used_and_replaced_when_the_issuer_renews_it(
    server: ImapServer, taker: Taker, tokens: tuple[type[TokenServer], str]
) -> None:
    issuer, url = tokens
    issuer.answer = (200, b'{"access_token": "t", "expires_in": 60, "refresh_token": "r%d"}')
    grant = {"token_url": url, "client_id": "us", "refresh_token": "r0"}
    server.fault("IDLE", hang_up)
    with polling(account(server.port, password="", oauth2=grant), taker):
        eventually(server.idling.is_set)
    assert [asked["refresh_token"] for asked in issuer.asked] == ["r0", "r1"]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((400, b'{"error": "invalid_grant", "error_description": "canary"}'), LoginRefusedError, "400 invalid_grant"),
        ((401, b"no json"), LoginRefusedError, "answered 401"),
        ((503, b""), TokenUnavailableError, "503"),
        ((302, b""), TokenUnavailableError, "302"),
        ((200, b"no json"), TokenUnavailableError, "cannot be reached"),
        ((200, b"[" * 50_000), TokenUnavailableError, "cannot be reached"),
        ((200, b"[]"), TokenUnavailableError, "no JSON object"),
        ((200, b'{"access_token": "a\\u0001b"}'), TokenUnavailableError, "no access token"),
        ((200, b'{"token": "t"}'), TokenUnavailableError, "no access token"),
    ],
)
def test_each_answer_without_a_token_raises_its_error(
    answer: tuple[int, bytes],
    error: type[Exception],
    said: str,
    server: ImapServer,
    tokens: tuple[type[TokenServer], str],
) -> None:
    issuer, url = tokens
    issuer.answer = answer
    with pytest.raises(error, match=said) as caught:
        probe(account(server.port, password="", oauth2={"token_url": url, "client_id": "us"}), BRISK)
    assert "canary" not in str(caught.value)


def test_the_connection_uses_tcp_keepalive(server: ImapServer) -> None:
    client = BoundedClient("127.0.0.1", server.port, tls=False, connect_seconds=5, read_seconds=5)
    assert client.socket().getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    client.logout()
