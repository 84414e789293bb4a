"""Connections of the SMTP transport: reused, replaced when they break, one for each thread, cut at the end."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.fakes import eventually
from tests.support.smtp_sink import DROP, HANG, Sink, server_context, trusting
from tests.support.smtp_transport import ANN, MAIL, US, Clock, open_to
from workers.transports.base import (
    LostConnectionFailure,
    PermanentFailure,
    ServerFailure,
    TemporaryFailure,
    TransportFailure,
    UncertainFailure,
)
from workers.transports.smtp import SmtpTransport


def test_the_reply_421_ends_the_connection(sink: Sink, transport: SmtpTransport) -> None:
    sink.script("RCPT", "421 4.3.2 closing")
    with pytest.raises(TemporaryFailure):
        transport.send(US, ANN, MAIL)
    transport.send(US, ANN, MAIL)
    assert sink.connections == 2


@pytest.mark.parametrize(
    ("command", "failure"),
    [("MAIL", LostConnectionFailure), ("RCPT", LostConnectionFailure), ("DATA", UncertainFailure)],
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_cut_ends_the_waiting_for_a_server_that_hangs(
    files: tuple[Path, Path],
    closing: list[SmtpTransport],
    command: str,
    failure: type[TransportFailure],
    encrypted: bool,
) -> None:
    context = trusting(files) if encrypted else None
    with Sink(tls=server_context(files) if encrypted else None) as sink:
        options = {"security": "starttls" if encrypted else "none", "context": context, "timeout": 600.0}
        transport = open_to(sink, closing, **options)
        sink.script(command, HANG)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(transport.send, US, ANN, MAIL)
            eventually(lambda: command in sink.commands)
            transport.cut()
            assert isinstance(sending.exception(30), failure)
        with pytest.raises(TemporaryFailure, match="stopping"):
            transport.send(US, ANN, MAIL)
        assert sink.connections == 1


def test_the_next_email_reuses_the_connection(sink: Sink, transport: SmtpTransport) -> None:
    for _ in range(3):
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (3, 1)


@pytest.mark.parametrize("trouble", [DROP, "421 closing", "500 what"])
def test_a_broken_connection_is_replaced_before_the_next_email(
    sink: Sink, transport: SmtpTransport, trouble: str
) -> None:
    transport.send(US, ANN, MAIL)
    sink.script("MAIL", trouble)
    transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (2, 2)


def test_a_refusal_over_a_new_connection_is_final(sink: Sink, transport: SmtpTransport) -> None:
    transport.send(US, ANN, MAIL)
    sink.script("MAIL", "451 not now", "552 5.3.4 too large")
    with pytest.raises(PermanentFailure):
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (1, 2)


def test_an_idle_connection_is_replaced(sink: Sink, transport: SmtpTransport, clock: Clock) -> None:
    transport.send(US, ANN, MAIL)
    clock.now = 61
    transport.send(US, ANN, MAIL)
    assert sink.connections == 2


def test_a_connection_is_replaced_after_a_hundred_emails(sink: Sink, transport: SmtpTransport) -> None:
    for _ in range(101):
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (101, 2)


def test_each_thread_has_its_own_connection(sink: Sink, transport: SmtpTransport) -> None:
    gate = threading.Barrier(3)

    def send() -> None:
        gate.wait()
        for _ in range(5):
            transport.send(US, ANN, MAIL)
        gate.wait()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(sink.received), sink.connections) == (15, 3)


def test_a_refused_connection_is_a_failure_of_the_server(closing: list[SmtpTransport]) -> None:
    with Sink() as sink:
        transport = open_to(sink, closing)
    with pytest.raises(ServerFailure, match="cannot connect"):
        transport.send(US, ANN, MAIL)


def test_a_probe_of_an_unreachable_server_is_a_temporary_failure(closing: list[SmtpTransport]) -> None:
    with Sink() as sink:
        transport = open_to(sink, closing)
    with pytest.raises(TemporaryFailure, match="cannot connect"):
        transport.probe()


def test_a_server_that_refuses_every_session_is_a_failure_of_the_server(closing: list[SmtpTransport]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def refuse() -> None:
            with listening.accept()[0] as session:
                session.sendall(b"421 4.3.2 too busy\r\n")

        refusing = pool.submit(refuse)
        transport = SmtpTransport("127.0.0.1", listening.getsockname()[1], security="none")
        closing.append(transport)
        with pytest.raises(ServerFailure, match=r"421 4\.3\.2 too busy"):
            transport.send(US, ANN, MAIL)
        refusing.result()


@pytest.mark.parametrize(
    ("code", "words"),
    [(socket.EAI_AGAIN, "the DNS does not answer"), (socket.EAI_NONAME, "the DNS knows no such host")],
)
def test_a_dns_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, code: int, words: str) -> None:
    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "words of the system")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(ServerFailure, match=f"cannot connect to mail.example.com:587: {words}"):
        SmtpTransport("mail.example.com", 587, security="none").send(US, ANN, MAIL)
