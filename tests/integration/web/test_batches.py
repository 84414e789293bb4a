"""Requests that come at the same time are stored together, and none holds a thread meanwhile."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from daemon.store.models import Ticket
from daemon.tickets.admission import Receipt
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.intake import TransactionHook
from daemon.tickets.parse_cost import INLINE_PARSE_BYTES
from tests.support.fakes import eventually
from tests.support.http import EXAMPLE, Web


class Spy:
    """Notes how many emails each call of Intake.store gets, and passes them on."""

    def __init__(self, case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self._store = case.intake.store
        monkeypatch.setattr(case.intake, "store", self.store)

    def store(self, emails: Sequence[PreparedEmail], also: Any = None) -> list[Future[Receipt]]:
        self.sizes.append(len(emails))
        return self._store(emails, also)


def client(case: Web) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {case.token}"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(case.app), base_url="http://localhost", headers=headers)


def tickets(case: Web) -> int:
    with case.store.read() as session:
        return session.execute(select(func.count()).select_from(Ticket)).scalar_one()


def post_together(case: Web, *bodies: dict[str, Any]) -> list[httpx2.Response]:
    async def run() -> list[httpx2.Response]:
        async with client(case) as program:
            # The token is known to all of them then.
            await program.get("/tickets")
            return list(await asyncio.gather(*(program.post("/tickets", json=body) for body in bodies)))

    return asyncio.run(run())


async def turns(until: Callable[[], bool]) -> None:
    """Let the event loop turn until something is so."""
    for _ in range(10_000):
        if until():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never was so")


def test_requests_at_the_same_time_are_stored_together(case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(case, monkeypatch)
    answers = post_together(case, *(EXAMPLE | {"title": f"Number {number}"} for number in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.json()["id"] for answer in answers}) == tickets(case) == 5
    assert spy.sizes == [5]


def test_a_long_request_is_read_in_a_thread(case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, prepare = [], case.intake.prepare

    def noted(*arguments: Any) -> PreparedEmail:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            threads.append(True)
        else:
            threads.append(False)
        return prepare(*arguments)

    monkeypatch.setattr(case.intake, "prepare", noted)
    post_together(case, EXAMPLE, EXAMPLE | {"description": "x" * INLINE_PARSE_BYTES})
    assert sorted(threads) == [False, True]


def test_a_ticket_is_opened_although_its_client_left(case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    store, has_left = case.intake.store, threading.Event()

    def later(emails: Sequence[PreparedEmail], also: TransactionHook | None = None) -> "list[Future[Receipt]]":
        def one(number: int) -> Receipt:
            assert has_left.wait(30)
            return store([emails[number]], also)[0].result(30)

        pool = ThreadPoolExecutor(1)
        return [pool.submit(one, number) for number in range(len(emails))]

    monkeypatch.setattr(case.intake, "store", later)

    async def run() -> None:
        async with client(case) as program:
            await program.get("/tickets")
            asked = asyncio.create_task(program.post("/tickets", json=EXAMPLE))
            await turns(lambda: case.services.batch.unanswered == 1)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            has_left.set()
            await turns(lambda: case.services.batch.unanswered == 0)

    asyncio.run(asyncio.wait_for(run(), 30))
    eventually(lambda: tickets(case) == 1)
