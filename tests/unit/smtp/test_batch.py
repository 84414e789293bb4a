"""Mails of many clients are stored together, each with its own answer."""

import asyncio
from concurrent.futures import Future
from typing import Any, cast

import pytest

from daemon.smtp.batch import MAX_EMAILS, Batch
from daemon.tickets.admission import Receipt
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition


class Stored:
    """Takes groups as Intake does, and answers when the test says so."""

    def __init__(self) -> None:
        self.groups: list[list[PreparedEmail]] = []
        self.futures: list[list[Future[Receipt]]] = []

    def store(self, readings: list[PreparedEmail]) -> list[Future[Receipt]]:
        self.groups.append(readings)
        self.futures.append([Future() for _ in readings])
        return self.futures[-1]


def reading(name: str) -> PreparedEmail:
    return cast(PreparedEmail, name)


def receipt(number: int) -> Receipt:
    return Receipt(number, Disposition.TICKET)


def run(scenario: Any) -> None:
    stored = Stored()
    asyncio.run(scenario(stored, Batch(cast(Intake, stored))))


async def turns(number: int = 6) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_mail_alone_is_stored_at_once() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        waiting = batch.store(reading("a"))
        await turns()
        stored.futures[0][0].set_result(receipt(1))
        assert (await waiting).inbound_id == 1
        assert batch.unanswered == 0

    run(scenario)


def test_mails_that_come_while_clients_talk_are_one_group() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        for name in "abc":
            batch.store(reading(name))
            batch.note_input()
            await turns(1)
        assert not stored.groups
        await turns()
        assert stored.groups == [["a", "b", "c"]]

    run(scenario)


def test_a_loop_that_is_never_quiet_does_not_hold_mail_back() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        batch.store(reading("a"))
        async with asyncio.timeout(30):
            while not stored.groups:
                batch.note_input()
                await turns(1)

    run(scenario)


def test_a_full_group_goes_while_clients_talk() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        for number in range(MAX_EMAILS):
            batch.store(reading(str(number)))
        batch.note_input()
        await turns(1)
        assert [len(group) for group in stored.groups] == [MAX_EMAILS]

    run(scenario)


def test_one_failure_is_one_clients_failure() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        good, bad = batch.store(reading("a")), batch.store(reading("b"))
        await turns()
        stored.futures[0][1].set_exception(ConnectionError("gone"))
        stored.futures[0][0].set_result(receipt(7))
        assert (await good).inbound_id == 7
        with pytest.raises(ConnectionError):
            await bad

    run(scenario)


def test_a_client_that_goes_leaves_the_others_theirs() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        gone, there = batch.store(reading("a")), batch.store(reading("b"))
        await turns()
        gone.cancel()
        assert batch.unanswered == 2
        for future, number in zip(stored.futures[0], (1, 2), strict=True):
            future.set_result(receipt(number))
        assert (await there).inbound_id == 2
        assert batch.unanswered == 0

    run(scenario)
