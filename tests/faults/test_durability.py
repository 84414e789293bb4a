"""The order of system calls: the log of the database is on the disk before the client hears 250."""

from collections.abc import Iterator

import pytest

from tests.faults.kit import Kit
from tests.faults.load import SUPPORT, Mail, deliver
from tests.faults.system import SQLITE, System
from tests.support.strace import Call, Strace, calls, missing

EMAILS = 20
LOG = "triaged.db-wal"
# What must happen for each email, in this order.
DIALOGUE = ("354 before DATA", "write to the log", "log on the disk", "250")


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if reason := missing():
        pytest.skip(reason)
    with Kit() as kit, System(kit, SQLITE) as system:
        yield system


def test_the_log_is_on_the_disk_before_the_250_is_written(system: System) -> None:
    marks = [f"Durable email {number}." for number in range(EMAILS)]
    with Strace([system.children[0].pid], "pwrite64,fdatasync,sendto") as trace:
        codes = [deliver(system.port, email(mark))[0] for mark in marks]
    assert codes == [250] * EMAILS
    found = list(calls(trace.text))
    assert [steps(found, mark) for mark in marks] == [list(DIALOGUE)] * EMAILS
    assert system.drain()


def email(mark: str) -> Mail:
    sender = f"{mark.rsplit(maxsplit=1)[-1]}customer@d.example"
    lines = (f"From: {sender}", f"To: {SUPPORT}", f"Subject: {mark}", f"Message-ID: <{sender}>", "", "Please help.", "")
    return Mail(sender, "\r\n".join(lines).encode())


def steps(found: list[Call], mark: str) -> list[str]:
    """Return what happened to one email up to its 250, in order, each step once.

    The session of an email ends before the next begins, so the last 354 before its first write is its own.
    """
    first = next((n for n, call in enumerate(found) if is_write(call) and mark in call.arguments), None)
    if first is None:
        return []
    asked = max(n for n, call in enumerate(found[:first]) if is_reply(call, "354"))
    said = []
    for number, call in enumerate(found[asked:], asked):
        if is_reply(call, "250 2.0.0"):
            return [*said, "250"]
        if number == asked:
            said.append("354 before DATA")
        elif number == first:
            said.append("write to the log")
        elif number > first and is_sync(call) and said[-1] != "log on the disk":
            said.append("log on the disk")
    return said


def is_write(call: Call) -> bool:
    return call.name == "pwrite64" and call.began and LOG in call.arguments


def is_sync(call: Call) -> bool:
    return call.name == "fdatasync" and call.ended and LOG in call.arguments and call.arguments.endswith("= 0")


def is_reply(call: Call, start: str) -> bool:
    return call.name == "sendto" and call.began and f'"{start}' in call.arguments
