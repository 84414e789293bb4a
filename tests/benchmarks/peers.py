"""The other ends of a benchmark: a bare aiosmtpd listener that discards, and a sink that notes when mail arrives.

Usage: python -m tests.benchmarks.peers bare PORT | sink PORT LOGFILE
"""

import asyncio
import logging
import re
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

REFERENCE = re.compile(rb"HD-[0-9A-Z]{4}-[0-9A-Z]{4}")


class Discard:
    async def handle_DATA(self, *_: Any) -> str:
        return "250 OK"


class Sink(asyncio.Protocol):
    """As little of SMTP as our transport speaks: cheap, so that it does not slow down what it measures."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.buffer = b""
        self.data = False
        self.recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self.step():
            pass

    def step(self) -> bool:
        if self.data:
            body, dot, rest = self.buffer.partition(b"\r\n.\r\n")
            if not dot:
                return False
            self.buffer, self.data = rest, False
            found = REFERENCE.search(body)
            reference = found.group().decode() if found else "-"
            self.log.write(f"{time.time()} {self.recipient.decode()} {reference}\n")
            self.transport.write(b"250 taken\r\n")
            return True
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        command = line[:4].upper()
        if command == b"DATA":
            self.data = True
            self.transport.write(b"354 go on\r\n")
        elif command == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            if command == b"RCPT":
                self.recipient = line[line.find(b"<") + 1 : line.find(b">")]
            self.transport.write(b"250-sink\r\n250 8BITMIME\r\n" if command == b"EHLO" else b"250 ok\r\n")
        return True


async def serve(kind: str, port: int, log: str) -> None:
    loop = asyncio.get_running_loop()
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    if kind == "bare":
        await loop.create_server(
            lambda: SMTP(Discard(), enable_SMTPUTF8=True, loop=loop, hostname="bare"), "127.0.0.1", port
        )
    else:
        notes = Path(log).open("a", buffering=1, encoding="ascii")  # noqa: ASYNC230, SIM115 - open as long as the process
        await loop.create_server(lambda: Sink(notes), "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
