"""What never becomes a request: no HTTP, and clients beyond the limit. Answered as every error, and rarely logged."""

import json
from collections.abc import Awaitable, Callable

import pytest

from daemon.store.store import Store
from daemon.web.server import HttpServer
from tests.support.http import Web
from tests.support.http_server import Streams, run

HEAD = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n"
NO_HTTP = (
    b"EHLO example.com\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    HEAD + b"X: " + b"x" * 40_000,
)
Connect = Callable[[], Awaitable[Streams]]


async def problem_of(connect: Connect, sent: bytes) -> tuple[int, str, bytes]:
    """Send bytes, read to the end of the connection, and return status, kind of the problem, and header."""
    reader, writer = await connect()
    writer.write(sent)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert b"content-type: application/problem+json" in head.lower(), head
    found = json.loads(body)
    assert found["status"] == int(head.split()[1])
    return found["status"], found["type"].removeprefix("urn:triaged:problem:"), head.lower()


@pytest.mark.parametrize("sent", NO_HTTP, ids=["smtp", "no host", "length", "large header"])
def test_what_is_no_http_is_answered_with_a_problem(sent: bytes, sqlite_store: Store) -> None:
    async def client(_server: HttpServer, connect: Connect, _case: Web) -> None:
        status, kind, head = await problem_of(connect, sent)
        assert (status, kind) == (400, "bad-request")
        assert b"connection: close" in head

    run(sqlite_store, client)


def test_a_client_beyond_the_limit_is_answered_with_a_problem(sqlite_store: Store) -> None:
    async def client(_server: HttpServer, connect: Connect, _case: Web) -> None:
        held = [await connect() for _ in range(2)]
        status, kind, head = await problem_of(connect, HEAD + b"\r\n")
        assert (status, kind) == (503, "unavailable")
        assert b"retry-after: " in head
        assert b"connection: close" in head
        for _, writer in held:
            writer.close()

    run(sqlite_store, client, connections=2)


@pytest.mark.parametrize("sent", [NO_HTTP[0], HEAD + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"])
def test_a_flood_of_them_leaves_few_lines_in_the_log(
    sent: bytes, sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    async def client(_server: HttpServer, connect: Connect, _case: Web) -> None:
        for _ in range(20):
            reader, writer = await connect()
            writer.write(sent)
            await reader.read()
            writer.close()

    run(sqlite_store, client)
    written = [one for one in caplog.records if one.name.startswith(("uvicorn", "daemon"))]
    assert len(written) <= 10
