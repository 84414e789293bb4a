"""The emails of many clients are stored in one batch, each with its own result."""

import asyncio
from concurrent.futures import Future
from typing import Any, cast

import pytest

from daemon.tickets.admission import Receipt
from daemon.tickets.batch import MAX_EMAILS, Batch
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition


class Stored:
    """Takes batches as Intake does; the test resolves the futures."""

    def __init__(self) -> None:
        self.batches: list[list[PreparedEmail]] = []
        self.futures: list[list[Future[Receipt]]] = []

    def store(self, emails: list[PreparedEmail]) -> list[Future[Receipt]]:
        self.batches.append(emails)
        self.futures.append([Future() for _ in emails])
        return self.futures[-1]


def email(name: str) -> PreparedEmail:
    return cast(PreparedEmail, name)


def receipt(number: int) -> Receipt:
    return Receipt(number, Disposition.TICKET)


def run(scenario: Any) -> None:
    stored = Stored()
    asyncio.run(scenario(stored, Batch(cast(Intake, stored))))


async def turns(number: int = 6) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_single_email_is_stored_at_once() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        waiting = batch.store(email("a"))
        await turns()
        stored.futures[0][0].set_result(receipt(1))
        assert (await waiting).inbound_id == 1
        assert batch.unanswered == 0

    run(scenario)


def test_emails_that_arrive_during_input_are_one_batch() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        for name in "abc":
            batch.store(email(name))
            batch.note_input()
            await turns(1)
        assert not stored.batches
        await turns()
        assert stored.batches == [["a", "b", "c"]]

    run(scenario)


def test_endless_input_does_not_delay_a_batch_for_ever() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        batch.store(email("a"))
        async with asyncio.timeout(30):
            while not stored.batches:
                batch.note_input()
                await turns(1)

    run(scenario)


def test_a_full_batch_is_stored_during_input() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        for number in range(MAX_EMAILS):
            batch.store(email(str(number)))
        batch.note_input()
        await turns(1)
        assert [len(emails) for emails in stored.batches] == [MAX_EMAILS]

    run(scenario)


def test_a_failure_reaches_only_its_own_client() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        good, bad = batch.store(email("a")), batch.store(email("b"))
        await turns()
        stored.futures[0][1].set_exception(ConnectionError("gone"))
        stored.futures[0][0].set_result(receipt(7))
        assert (await good).inbound_id == 7
        with pytest.raises(ConnectionError):
            await bad

    run(scenario)


def test_a_cancelled_wait_does_not_affect_the_other_emails() -> None:
    async def scenario(stored: Stored, batch: Batch) -> None:
        gone, there = batch.store(email("a")), batch.store(email("b"))
        await turns()
        gone.cancel()
        assert batch.unanswered == 2
        for future, number in zip(stored.futures[0], (1, 2), strict=True):
            future.set_result(receipt(number))
        assert (await there).inbound_id == 2
        assert batch.unanswered == 0

    run(scenario)
