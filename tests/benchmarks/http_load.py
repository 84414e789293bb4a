"""The other ends of the benchmark of HTTP: a bare FastAPI application that discards, and a client that opens tickets.

Usage: python -m tests.benchmarks.http_load bare PORT | send PORT CLIENTS REQUESTS TOKEN [SECONDS_BETWEEN]
The client prints one JSON object: rate (requests/s), p50, p95 and p99 of the answer (ms), and refusals.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from daemon.web.api.new_ticket import NewTicket
from tests.benchmarks.waits import figures


def bare() -> FastAPI:
    """Return an application that validates a ticket as ours does, and discards it."""
    app = FastAPI()

    @app.post("/tickets", status_code=201)
    async def discard(wanted: NewTicket) -> dict[str, str]:
        return {"title": wanted.title, "status": "OPEN"}

    return app


class Client:
    def __init__(self, port: int, token: str, pause: float) -> None:
        self.port, self.token, self.pause = port, token, pause
        self.waits: list[float] = []
        self.refused = 0

    def request(self, number: int) -> bytes:
        body = json.dumps(
            {
                "title": f"Payment failed for order {number}",
                "description": "Amount debited but not credited. " * 20,
                "email": f"customer{number}@shop{number % 97}.example",
            }
        ).encode()
        head = (
            f"POST /tickets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def connection(self, numbers: Iterator[int]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for number in numbers:
            began = time.perf_counter()
            writer.write(self.request(number))
            self.refused += await self.status(reader) != 201
            self.waits.append(time.perf_counter() - began)
            if self.pause:
                await asyncio.sleep(self.pause)
        writer.close()

    async def status(self, reader: asyncio.StreamReader) -> int:
        head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        [length] = [line.partition(b":")[2] for line in head if line.startswith(b"content-length:")]
        await reader.readexactly(int(length))
        return int(head[0].split()[1])


async def send(port: int, clients: int, requests: int, token: str, pause: float) -> dict[str, float]:
    client = Client(port, token, pause)
    numbers = iter(range(requests))
    began = time.perf_counter()
    await asyncio.gather(*(client.connection(numbers) for _ in range(clients)))
    return figures(client.waits, time.perf_counter() - began, client.refused)


def main(kind: str, port: str, *rest: str) -> None:
    if kind == "bare":
        uvicorn.run(bare(), port=int(port), http="h11", access_log=False, log_level="error")
        return
    clients, requests, token, *pause = rest
    print(json.dumps(asyncio.run(send(int(port), int(clients), int(requests), token, float([*pause, "0"][0])))))


if __name__ == "__main__":
    main(*sys.argv[1:])
