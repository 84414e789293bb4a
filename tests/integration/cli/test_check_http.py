"""`triaged check` says whether HTTP answers, and what to do about its address."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.support.cli import Case
from tests.support.ports import free_port


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Give a port on which a program gives one answer."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as thread:
        server.settimeout(30)

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.recv(10_000)
                client.sendall(answer)

        served = thread.submit(serve)
        yield server.getsockname()[1]
        served.result()


def found(case: Case, monkeypatch: pytest.MonkeyPatch, listen: str) -> list[tuple[str, str]]:
    monkeypatch.setenv("TRIAGED_HTTP__LISTEN", listen)
    rows = case.run("check", "--json").rows
    return [(row["state"], row["text"]) for row in rows if row["what"] == "http"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"info": "triaged API"}', "answers"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "is used by another program"),
        (b"220 an SMTP server\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_who_answers_is_told(answer: bytes, said: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(answer) as port:
        [(state, text)] = found(case, monkeypatch, f"127.0.0.1:{port}")
    assert state == "ok"
    assert text.startswith(f"127.0.0.1:{port} {said}")


def test_nothing_that_answers_is_no_fault(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, text)] = found(case, monkeypatch, f"127.0.0.1:{free_port()}")
    assert (state, "does not answer" in text) == ("ok", True)


def test_an_address_that_is_not_ours_fails(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, text)] = found(case, monkeypatch, "203.0.113.1:8080")
    assert (state, "http.listen" in text) == ("fail", True)


def test_tokens_that_leave_the_machine_unencrypted_are_a_warning(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    listen = f"0.0.0.0:{free_port()}"
    assert [state for state, _ in found(case, monkeypatch, listen)] == ["ok", "warn"]
    monkeypatch.setenv("TRIAGED_HTTP__TRUSTED_PROXIES", '["192.0.2.1/32"]')
    assert [state for state, _ in found(case, monkeypatch, listen)] == ["ok"]


def test_without_http_nothing_is_said(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_HTTP__ENABLED", "false")
    assert found(case, monkeypatch, "203.0.113.1:8080") == []
