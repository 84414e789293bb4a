"""The HTTP server on a port, for clients that speak to its socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from daemon.store.store import Store
from daemon.web.server import HttpServer
from tests.support.http import Web, web

LONGEST = 20.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(app: Any, case: Web) -> AsyncIterator[tuple[HttpServer, Callable[[], Awaitable[Streams]]]]:
    """Serve on a port; give the server and a function that connects to it."""
    server, sock = HttpServer(app, case.settings), socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    sock.setblocking(False)
    server.start([sock])
    try:
        async with asyncio.timeout(LONGEST):
            yield server, lambda: asyncio.open_connection(*sock.getsockname())
    finally:
        await server.stop(1)


def run(
    store: Store,
    client: Callable[[HttpServer, Callable[[], Awaitable[Streams]], Web], Awaitable[None]],
    connections: int = 100,
    app: Any = None,
) -> None:
    async def main() -> None:
        with web(store, http={"request_seconds": LONGEST, "connections": connections}) as case:
            async with serving(app or case.app, case) as (server, connect):
                await client(server, connect, case)

    asyncio.run(main())
