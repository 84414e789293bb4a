"""A client that keeps a connection for nothing loses it; one whose request is in progress does not."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from daemon.store.store import Store
from daemon.web.protocol import LimitedProtocol
from daemon.web.server import HttpServer
from tests.support.fakes import eventually
from tests.support.http import EXAMPLE, Web
from tests.support.http_server import LONGEST, Streams, run

LIMIT, PATIENT = 0.2, 3.0
LARGE, PART = 32 << 20, 256 << 10
GET = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LimitedProtocol, "wait_seconds", LIMIT)


async def answered(reader: asyncio.StreamReader) -> int:
    """Read an answer and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    await reader.readexactly(int(length))
    return int(head.split()[1])


async def is_closed(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionResetError):
        return await reader.read() == b""
    return True


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a header that never ends until the connection is closed."""
    writer.write(b"GET / HTTP/1.1\r\nX: ")
    closed = asyncio.create_task(is_closed(reader))
    while not closed.done():
        with contextlib.suppress(ConnectionError):
            writer.write(b"x")
            await writer.drain()
        await asyncio.sleep(LIMIT / 10)


def test_a_connection_without_a_request_is_closed(sqlite_store: Store) -> None:
    async def client(_server: HttpServer, connect: Callable[[], Awaitable[Streams]], _case: Web) -> None:
        reader, writer = await connect()
        assert await is_closed(reader)
        writer.close()

    run(sqlite_store, client)


@pytest.mark.parametrize("requests", [0, 1])
def test_a_header_that_comes_slowly_closes_its_connection(requests: int, sqlite_store: Store) -> None:
    async def client(_server: HttpServer, connect: Callable[[], Awaitable[Streams]], _case: Web) -> None:
        reader, writer = await connect()
        for _ in range(requests):
            writer.write(GET)
            assert await answered(reader) == 200
        await trickle(reader, writer)
        writer.close()

    run(sqlite_store, client)


def test_a_client_that_takes_no_answer_loses_its_connection(sqlite_store: Store) -> None:
    async def client(server: HttpServer, connect: Callable[[], Awaitable[Streams]], _case: Web) -> None:
        _, writer = await connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(GET * 100)
        connections = server._server.server_state.connections
        await asyncio.to_thread(eventually, lambda: bool(connections))
        await asyncio.to_thread(eventually, lambda: not connections)
        writer.close()

    run(sqlite_store, client)


def test_an_answer_that_is_taken_slowly_is_sent_to_its_end(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the client itself may stand still for a second.
    monkeypatch.setattr(LimitedProtocol, "wait_seconds", PATIENT)

    async def large(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        head = [(b"content-length", str(LARGE).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"x" * LARGE})

    async def client(_server: HttpServer, connect: Callable[[], Awaitable[Streams]], _case: Web) -> None:
        reader, writer = await connect()
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(0, LARGE, PART):
            await reader.readexactly(PART)
            await asyncio.sleep(1.3 * PATIENT * PART / LARGE)
        writer.close()

    run(sqlite_store, client, app=large)


def test_a_request_that_takes_longer_is_answered(sqlite_store: Store) -> None:
    async def client(_server: HttpServer, connect: Callable[[], Awaitable[Streams]], case: Web) -> None:
        def slow() -> bool:
            time.sleep(LIMIT * 3)
            return True

        case.services_room(slow)
        reader, writer = await connect()
        body = json.dumps(EXAMPLE).encode()
        head = f"POST /tickets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {case.token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert await answered(reader) == 201
        writer.close()

    run(sqlite_store, client)


def test_connections_far_beyond_the_limit_are_closed_unread(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LimitedProtocol, "wait_seconds", LONGEST)

    async def client(server: HttpServer, connect: Callable[[], Awaitable[Streams]], _case: Web) -> None:
        held = [await connect() for _ in range(4)]
        reader, writer = await connect()
        assert await is_closed(reader)
        assert len(server._server.server_state.connections) == len(held)
        for _, other in (*held, (reader, writer)):
            other.close()

    run(sqlite_store, client, connections=2)
