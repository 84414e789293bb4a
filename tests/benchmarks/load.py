"""A client that sends emails over many connections at once and says how fast they were taken.

Usage: python -m tests.benchmarks.load PORT CONNECTIONS EMAILS RECIPIENT [SECONDS_BETWEEN]
Prints one JSON object: rate (emails/s), p50, p95 and p99 from the final dot to the answer (ms), and refusals.
"""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Iterator

from tests.benchmarks.waits import figures

LINES = "\r\n".join(
    f"Line {n} of a letter of ordinary length about an order, a delivery and a password." for n in range(48)
)


def mail(number: int, run: str, recipient: str) -> bytes:
    sender = f"customer{number}@shop{number % 97}.example"
    return (
        f"From: Customer {number} <{sender}>\r\nTo: {recipient}\r\nSubject: Question {number} about my order\r\n"
        f"Date: Mon, 23 Nov 2026 07:00:00 +0000\r\nMessage-ID: <{number}.{run}@load.example>\r\n\r\n"
        f"{LINES}\r\n.\r\n"
    ).encode()


class Client:
    def __init__(self, port: int, recipient: str, pause: float) -> None:
        self.port, self.recipient, self.pause = port, recipient, pause
        self.run = uuid.uuid4().hex
        self.waits: list[float] = []
        self.refused = 0

    async def connection(self, numbers: Iterator[int]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await self.answer(reader)
        await self.say(reader, writer, b"EHLO load.example\r\n")
        for number in numbers:
            await self.say(reader, writer, f"MAIL FROM:<customer{number}@shop{number % 97}.example>\r\n".encode())
            await self.say(reader, writer, f"RCPT TO:<{self.recipient}>\r\n".encode())
            await self.say(reader, writer, b"DATA\r\n")
            letter = mail(number, self.run, self.recipient)
            began = time.perf_counter()
            reply = await self.say(reader, writer, letter)
            self.waits.append(time.perf_counter() - began)
            self.refused += not reply.startswith(b"250")
            if self.pause:
                await asyncio.sleep(self.pause)
        writer.write(b"QUIT\r\n")
        await writer.drain()
        writer.close()

    async def say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
        writer.write(line)
        return await self.answer(reader)

    async def answer(self, reader: asyncio.StreamReader) -> bytes:
        line = await reader.readline()
        while line[3:4] == b"-":
            line = await reader.readline()
        return line


async def send(port: int, connections: int, emails: int, recipient: str, pause: float) -> dict[str, float]:
    client = Client(port, recipient, pause)
    numbers = iter(range(emails))
    began = time.perf_counter()
    await asyncio.gather(*(client.connection(numbers) for _ in range(connections)))
    return figures(client.waits, time.perf_counter() - began, client.refused)


if __name__ == "__main__":
    port, connections, emails, recipient, *rest = sys.argv[1:]
    found = asyncio.run(send(int(port), int(connections), int(emails), recipient, float(rest[0]) if rest else 0.0))
    print(json.dumps(found))
