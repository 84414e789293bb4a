"""What may happen to a running triaged and to all that it rests on; each evil ends by itself."""

import json
import os
import random
import resource
import shutil
import signal
import smtplib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Final

import psutil
import redis

from tests.faults.load import Mail, Numbers
from tests.faults.machine import Machine
from tests.faults.points import FAILURES, POINTS
from tests.faults.system import SQLITE, System
from tests.support import imap_faults
from tests.support.imap_server import ImapServer
from tests.support.smtp_sink import DROP, HANG

SHORT, LONG = 2.0, 5.0
DAY: Final = 86_400.0
ROOM: Final = 16_384
REFUSED: Final = "550 5.1.1 no such user"
BALLAST: Final = 2**33
FLOOR: Final = "TRIAGED_LIMITS__FREE_BYTES"
TAKEN, NO_SPACE = 250, 452
REAL_SHARE: Final = 4
DISK: Final = threading.Lock()


class Mailbox:
    """An IMAP account that misbehaves, and every mail that was put into it."""

    def __init__(self, server: ImapServer) -> None:
        self.server = server
        self.emails: list[Mail] = []
        self.gone: set[str] = set()
        self._lock = threading.Lock()

    def setting(self) -> str:
        """Return the value of TRIAGED_IMAP."""
        account = {"name": "box", "host": "127.0.0.1", "port": self.server.port, "security": "none"}
        return json.dumps([account | {"username": "u", "password": "pass", "poll_seconds": 0.5, "idle": False}])

    def put(self, mail: Mail) -> None:
        with self._lock:
            self.emails.append(mail)
            self.server.inbox.add(mail.raw)

    def number_anew(self) -> None:
        """Give every mail another uid, as a restored server does."""
        with self._lock:
            box = self.server.inbox
            kept = list(box.emails.items())
            box.emails.clear()
            box.uidvalidity += 1
            for uid, raw in kept:
                box.add(raw, box.arrived[uid])

    def expunge(self, chance: random.Random) -> None:
        """Take the newest emails away under the eyes of whoever reads them."""
        with self._lock:
            box = self.server.inbox
            for uid in sorted(box.emails)[-chance.randint(1, 2) :]:
                self.gone.add(Mail("", box.emails.pop(uid)).sha256)


class Nemesis:
    """Chooses an evil at random and does it; `done` counts them by name, `refused` names the unreachable.

    `problems` says where what was answered while it lasted was not what is promised.
    """

    def __init__(self, system: System, mailbox: Mailbox, numbers: Numbers, chance: random.Random) -> None:
        self.system, self.mailbox, self.numbers, self.chance = system, mailbox, numbers, chance
        self.done: dict[str, int] = {}
        self.refused: list[Mail] = []
        self.problems: list[str] = []
        self._machine = Machine(system, chance)
        both = (
            self.kill_one,
            self.kill_all,
            self.fail_somewhere,
            self.smarthost_says_not_now,
            self.smarthost_hangs_after_data,
            self.smarthost_drops_after_data,
            self.smarthost_refuses_one_recipient,
            self.imap_drops,
            self.imap_gives_short_literals,
            self.imap_numbers_anew,
            self.imap_expunges,
            self.clock_jumps,
            self.disk_runs_low,
            *[self.real_fault] * REAL_SHARE,
        )
        embedded = (self.sqlite_is_locked, self.disk_is_full)
        scaled = (
            self.redis_restarts_while_jobs_fail,
            self.redis_freezes,
            self.redis_is_flushed,
            self.redis_is_full,
            self.postgres_restarts,
        )
        self.evils: Sequence[Callable[[], object]] = (*both, *(embedded if system.kind == SQLITE else scaled))
        self._next: list[Callable[[], object]] = []

    def strike(self) -> None:
        """Do the next evil: each once before any comes again."""
        if not self._next:
            self._next = self.chance.sample(list(self.evils), len(self.evils))
        evil = self._next.pop()
        # A real fault says which it was.
        name = evil() or getattr(evil, "__name__", "evil").replace("_", " ")
        self.done[str(name)] = self.done.get(str(name), 0) + 1

    def real_fault(self) -> str:
        """Do one of the faults of `machine` and return its name; a process that is just dead cannot be traced."""
        fault = self.chance.choice(self._machine.faults())
        with suppress(RuntimeError, psutil.Error), fault.begin():
            time.sleep(fault.seconds)
            return fault.name
        return "no process to trace"

    def kill_one(self) -> None:
        self.system.kill(self.chance.choice(self.system.children).role)

    def kill_all(self) -> None:
        for child in self.system.children:
            self.system.kill(child.role)

    def fail_somewhere(self) -> None:
        self.system.arm(self.chance.choice(POINTS), self.chance.choice((*FAILURES, "kill")), self.chance.randint(1, 3))

    def smarthost_says_not_now(self) -> None:
        self.system.sink.script(self.chance.choice(("MAIL", "RCPT", "DATA")), *["451 4.3.0 not now"] * 3)

    def smarthost_hangs_after_data(self) -> None:
        self.system.sink.script("DATA", HANG)

    def smarthost_drops_after_data(self) -> None:
        self.system.sink.script("DATA", DROP)

    def smarthost_refuses_one_recipient(self) -> None:
        mail = self.numbers.mail()
        self.system.sink.refuse(mail.sender, REFUSED)
        self.refused.append(mail)

    def imap_drops(self) -> None:
        self.mailbox.server.fault(self.chance.choice(("UID FETCH", "UID SEARCH", "SELECT")), imap_faults.hang_up)

    def imap_gives_short_literals(self) -> None:
        self.mailbox.server.fault("UID FETCH", imap_faults.broken_off)

    def imap_numbers_anew(self) -> None:
        self.mailbox.number_anew()

    def imap_expunges(self) -> None:
        self.mailbox.put(self.numbers.mail())
        self.mailbox.expunge(self.chance)

    def clock_jumps(self) -> None:
        """Jump by a day and back, which is where it stands in the end."""
        step = self.chance.choice((DAY, -DAY))
        self.system.step_clock(step)
        time.sleep(SHORT)
        self.system.step_clock(-step)

    def sqlite_is_locked(self) -> None:
        with closing(sqlite3.connect(self.system.state / "triaged.db", isolation_level=None)) as other:
            # Also while other work uses the disk: the process waits for it with the lock.
            other.execute("PRAGMA busy_timeout=60000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(LONG)
            other.execute("ROLLBACK")

    def disk_is_full(self) -> None:
        """Let no file of the process grow beyond a little more than the log of SQLite has now."""
        pid = self.system.children[0].pid
        log = self.system.state / "triaged.db-wal"
        limit = log.stat().st_size + ROOM if log.exists() else ROOM
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            time.sleep(LONG)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def disk_runs_low(self) -> None:
        """Let there be less room than the floor, under a process that began with more; then room again.

        The systems share the disk: the ballast of one must not come or go while another measures.
        """
        with DISK:
            self._run_low()

    def _run_low(self) -> None:
        acceptor, free = self.system.children[0], shutil.disk_usage(self.system.room).free
        ballast = min(BALLAST, free // 2)
        # Others use the disk too: a quarter of the ballast may come or go without a difference.
        acceptor.env[FLOOR] = str(free - ballast // 4)
        self.system.kill(acceptor.role)
        self._answers(TAKEN)
        held = self.system.room / "ballast"
        try:
            with held.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, ballast)
            self._answers(NO_SPACE)
            self._leaves_the_mailbox_alone()
        finally:
            held.unlink()
        self._answers(TAKEN)
        del acceptor.env[FLOOR]
        self.system.kill(acceptor.role)

    def _leaves_the_mailbox_alone(self) -> None:
        time.sleep(SHORT)
        mail = self.numbers.mail()
        self.mailbox.put(mail)
        time.sleep(SHORT)
        if self.system.query("SELECT 1 FROM inbound WHERE sha256 = :sha", sha=mail.sha256):
            self.problems.append("a mailbox was read while there was no room on the disk")

    def _answers(self, code: int) -> None:
        """Wait until a sender is answered so, by a process that nobody starts again for it."""
        self.system.until(lambda: self._said() == code, f"{code} to a sender")

    def _said(self) -> int:
        try:
            with smtplib.SMTP("127.0.0.1", self.system.port, "client.example", timeout=LONG) as client:
                client.ehlo()
                return client.docmd("MAIL FROM:<probe@d.example>")[0]
        except (OSError, smtplib.SMTPException):
            return 0

    def redis_restarts_while_jobs_fail(self) -> None:
        assert self.system.redis
        for point in ("triage.claimed", "notify.claimed"):
            self.system.arm(point, "raise")
        self.system.redis.kill()
        time.sleep(SHORT)
        self.system.redis.start()

    def redis_freezes(self) -> None:
        assert self.system.redis
        with self.system.redis.frozen():
            time.sleep(LONG)

    def redis_is_flushed(self) -> None:
        self._redis().flushall()

    def redis_is_full(self) -> None:
        client = self._redis()
        client.config_set("maxmemory", "1")
        time.sleep(SHORT)
        client.config_set("maxmemory", "0")

    def postgres_restarts(self) -> None:
        assert self.system.postgres
        self.system.postgres.stop()
        time.sleep(SHORT)
        self.system.postgres.start()

    def _redis(self) -> "redis.Redis":
        assert self.system.redis
        return redis.Redis.from_url(self.system.redis.url)

    def relent(self) -> None:
        """Leave nothing behind that would go on."""
        self.system.disarm()
        for child in self.system.children:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGCONT)
