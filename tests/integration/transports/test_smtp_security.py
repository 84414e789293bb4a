"""TLS and login of the SMTP transport: nothing is sent without what was configured."""

from pathlib import Path

import pytest

from tests.support.smtp_sink import Sink, certificate, server_context, trusting
from tests.support.smtp_transport import ANN, MAIL, US, open_to
from workers.transports.base import (
    AuthenticationFailure,
    ServerFailure,
)
from workers.transports.smtp import SmtpTransport


def test_nothing_is_sent_to_a_server_without_starttls(sink: Sink, closing: list[SmtpTransport]) -> None:
    transport = open_to(sink, closing, security="starttls", username="us", password="canary")
    with pytest.raises(ServerFailure, match="does not offer STARTTLS"):
        transport.send(US, ANN, MAIL)
    assert sink.received == []


@pytest.mark.parametrize("implicit", [False, True])
def test_an_email_is_sent_over_verified_tls(
    files: tuple[Path, Path], closing: list[SmtpTransport], implicit: bool
) -> None:
    with Sink(tls=server_context(files), implicit=implicit) as sink:
        transport = open_to(sink, closing, security="tls" if implicit else "starttls", context=trusting(files))
        transport.send(US, ANN, MAIL)
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (2, 1)


@pytest.mark.parametrize("implicit", [False, True])
def test_an_untrusted_certificate_is_refused(
    files: tuple[Path, Path],
    closing: list[SmtpTransport],
    implicit: bool,
) -> None:
    with Sink(tls=server_context(files), implicit=implicit) as sink:
        transport = open_to(sink, closing, security="tls" if implicit else "starttls")
        with pytest.raises(ServerFailure, match="certificate is not trusted"):
            transport.send(US, ANN, MAIL)
    assert sink.received == []


def test_a_certificate_for_another_host_is_refused(tmp_path: Path, closing: list[SmtpTransport]) -> None:
    files = certificate(tmp_path, "mail.other.example")
    with Sink(tls=server_context(files)) as sink:
        transport = open_to(sink, closing, security="starttls", context=trusting(files))
        with pytest.raises(ServerFailure, match="certificate is not trusted"):
            transport.send(US, ANN, MAIL)


def with_users(sink: Sink, files: tuple[Path, Path], closing: list[SmtpTransport], password: str) -> SmtpTransport:
    return open_to(sink, closing, security="starttls", context=trusting(files), username="us", password=password)


def test_an_email_is_sent_after_authentication(files: tuple[Path, Path], closing: list[SmtpTransport]) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink:
        with_users(sink, files, closing, "right").send(US, ANN, MAIL)
    assert len(sink.received) == 1


@pytest.mark.parametrize("password", ["wrong", "pässword"])
def test_a_rejected_password_is_an_authentication_failure(
    files: tuple[Path, Path], closing: list[SmtpTransport], password: str
) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink, pytest.raises(AuthenticationFailure) as caught:
        with_users(sink, files, closing, password).send(US, ANN, MAIL)
    assert password not in str(caught.value)
    assert sink.received == []


def test_authentication_can_fail_temporarily(files: tuple[Path, Path], closing: list[SmtpTransport]) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink:
        sink.script("AUTH", "454 4.7.0 later", "454 4.7.0 later", "454 4.7.0 later")
        with pytest.raises(ServerFailure, match="454"):
            with_users(sink, files, closing, "right").send(US, ANN, MAIL)


def test_a_server_without_authentication_is_an_authentication_failure(sink: Sink, closing: list[SmtpTransport]) -> None:
    transport = open_to(sink, closing, username="us", password="canary")
    with pytest.raises(AuthenticationFailure):
        transport.send(US, ANN, MAIL)


def test_a_probe_logs_in_and_sends_nothing(files: tuple[Path, Path], closing: list[SmtpTransport]) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink:
        with_users(sink, files, closing, "right").probe()
    assert (sink.connections, sink.commands, sink.received) == (1, [], [])


def test_a_probe_with_a_wrong_password_is_an_authentication_failure(
    files: tuple[Path, Path], closing: list[SmtpTransport]
) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink, pytest.raises(AuthenticationFailure):
        with_users(sink, files, closing, "wrong").probe()
