"""Store the emails of many clients together: what one event loop took in while its clients were talking."""

import asyncio
from concurrent.futures import Future
from itertools import count

from daemon.tickets.admission import Receipt
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.intake import Intake

FULL = 128
OLDEST_SECONDS = 0.1
QUIET_LOOKS = 2

Waiting = tuple[PreparedEmail, "asyncio.Future[Receipt]"]


class Batch:
    """Gathers emails until no client has said anything for a moment, for the writer costs the least undisturbed.

    Two threads that both compute in Python slow each other down. Nothing waits on a quiet loop, and nothing for longer
    than 100 ms on a busy one: with a hundred clients a quarter of that made each of them wait longer.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._waiting: list[Waiting] = []
        self._since = 0.0
        self._heard = 0
        self.unanswered = 0

    def hear(self) -> None:
        """Note that a client said something."""
        self._heard += 1

    def store(self, email: PreparedEmail) -> "asyncio.Future[Receipt]":
        """Return a future that resolves once the email is durable, or raises what Intake.store raises.

        Whoever stops waiting for it does not stop the commit.
        """
        loop = asyncio.get_running_loop()
        receipt: asyncio.Future[Receipt] = loop.create_future()
        if not self._waiting:
            self._since = loop.time()
            loop.call_soon(self._look, self._heard, 0)
        self._waiting.append((email, receipt))
        self.unanswered += 1
        return receipt

    def _look(self, before: int, quiet: int) -> None:
        """Look once in each turn of the loop whether the clients have gone quiet."""
        loop = asyncio.get_running_loop()
        quiet = quiet + 1 if self._heard == before else 0
        if quiet >= QUIET_LOOKS or len(self._waiting) >= FULL or loop.time() - self._since >= OLDEST_SECONDS:
            self._submit(loop)
        else:
            loop.call_soon(self._look, self._heard, quiet)

    def _submit(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting, []
        answered = count(1)
        stored = self._intake.store([email for email, _ in batch])
        # Futures and their callbacks are a cycle, and must not keep the emails until it is collected.
        receipts = [receipt for _, receipt in batch]
        del batch

        def done(_: "Future[Receipt]") -> None:
            # Once for all of them: to wake the loop takes it out of what it is doing, and the writer with it.
            if next(answered) == len(receipts):
                loop.call_soon_threadsafe(self._answer, receipts, stored)

        for future in stored:
            future.add_done_callback(done)

    def _answer(self, receipts: "list[asyncio.Future[Receipt]]", stored: "list[Future[Receipt]]") -> None:
        self.unanswered -= len(receipts)
        for receipt, future in zip(receipts, stored, strict=True):
            if receipt.cancelled():
                continue
            error = future.exception()
            if error is None:
                receipt.set_result(future.result())
            else:
                receipt.set_exception(error)
