"""Measure how long a customer waits for the answer of a member: from the 250 to the copy at the mail server.

Usage: python -m tests.benchmarks.answers [ANSWERS]
One process on SQLite, at a quiet rate. In the same run, each question is measured to its acknowledgement.
"""

import smtplib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.faults.answers import asked
from tests.support.desks import TEAMS_OF_MEMBER
from tests.support.emails import SUPPORT, mail
from tests.support.helpdesk import MEMBER
from tests.support.real_process import RealProcess, real_process
from tests.support.smtp_sink import Sink

ANSWERS: Final = 40
WARM_UP: Final = 5
QUIET_SECONDS: Final = 0.3
PATIENCE: Final = 60.0
MANY: Final = "1000000"
LIMITS: Final = ("NOTIFICATIONS_PER_TEAM_HOUR", "ACKNOWLEDGEMENTS_PER_HOUR", "ACKNOWLEDGEMENTS_PER_DOMAIN_HOUR")


def waited(running: RealProcess, raw: bytes, author: str, to: str, arrived: Callable[[], bool]) -> float:
    """Send an email, and return the milliseconds from its 250 until something arrived."""
    with smtplib.SMTP("127.0.0.1", running.port, "client.example", timeout=PATIENCE) as client:
        client.sendmail(author, to, raw)
        began = time.perf_counter()
    until = began + PATIENCE
    while not arrived():
        if time.perf_counter() > until:
            raise TimeoutError("no copy at the mail server")
        time.sleep(0.0005)
    return (time.perf_counter() - began) * 1000


def measure(running: RealProcess, sink: Sink, number: int) -> tuple[float, float]:
    """Ask a question and answer it; return the milliseconds to the acknowledgement and to the answer."""
    customer = f"customer{number}@shop{number}.example"

    def copies() -> int:
        return sum(one.rcpts == [customer] for one in list(sink.received))

    question = waited(running, mail(customer, f"Question {number}"), customer, SUPPORT, lambda: copies() == 1)
    time.sleep(QUIET_SECONDS)
    to = next(one.reply_to for one in asked(sink.received) if one.customer == customer)
    raw = mail(MEMBER, "Re: your question", f"Hello,\r\n\r\nwe booked it, see number {number}.")
    answer = waited(running, raw, MEMBER, to, lambda: copies() == 2)
    time.sleep(QUIET_SECONDS)
    return question, answer


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS
    with tempfile.TemporaryDirectory(prefix="triaged-bench-") as folder, Sink() as sink:
        settings = {
            "TEAMS": TEAMS_OF_MEMBER,
            "OUTGOING__TRANSPORT": "smtp",
            "OUTGOING__HOST": sink.host,
            "OUTGOING__PORT": str(sink.port),
            "OUTGOING__SECURITY": "none",
            **{f"LIMITS__{name}": MANY for name in LIMITS},
        }
        with real_process(Path(folder), **settings) as running:
            found = [measure(running, sink, n) for n in range(number + WARM_UP)][WARM_UP:]
    for name, column in (("acknowledgement", 0), ("answer", 1)):
        ordered = sorted(one[column] for one in found)
        p50, p95 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95))
        print(f"250 to the copy of the {name:16s} p50 {p50:.0f} ms, p95 {p95:.0f} ms")


if __name__ == "__main__":
    main()
