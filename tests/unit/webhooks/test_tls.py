"""Webhooks by TLS: the certificate must be trusted and that of the name, although its address is connected to."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.smtp_sink import certificate, server_context, trusting
from tests.support.webhooks import Server, serving
from workers.webhooks import client
from workers.webhooks.client import PostError, PostPolicy, post

LOOPBACK = PostPolicy(("127.0.0.0/8",), 5)
NAME = "shop.example"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return certificate(tmp_path, NAME)


@pytest.fixture
def server(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Give a server with a certificate; every name resolves to it."""
    resolve = socket.getaddrinfo

    def here(host: str, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host.endswith(".example") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with serving() as found:
        found.http.socket = server_context(files).wrap_socket(found.http.socket, server_side=True)
        yield found


def trust(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_trust", lambda: trusting(files))


def test_a_trusted_certificate_of_the_name_is_taken(
    server: Server, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(files, monkeypatch)
    assert post(f"https://{NAME}:{server.port}/hook", b"{}", {}, LOOPBACK)[0] == 200
    [(_, sent, _)] = server.got
    assert sent["Host"] == f"{NAME}:{server.port}"


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(
    host: str, server: Server, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(files, monkeypatch)
    with pytest.raises(PostError, match="certificate"):
        post(f"https://{host}:{server.port}/hook", b"{}", {}, LOOPBACK)
    assert server.got == []


def test_a_certificate_that_nobody_trusts_is_refused(server: Server) -> None:
    assert client._trust().verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(PostError, match="certificate"):
        post(f"https://{NAME}:{server.port}/hook", b"{}", {}, LOOPBACK)
    assert server.got == []
