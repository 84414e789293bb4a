"""Check the health of the system every 30 seconds; email the admin once about each problem, and a report a day."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import structlog

from daemon.facts import Problem, ProcessFacts
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.store import alarms
from daemon.store.alarms import DAILY_REPORT
from daemon.store.keys import Keyring
from daemon.store.queries import daily, health
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.thread import PeriodicThread
from daemon.tickets.health import DATABASE_LOST, Thresholds, examine
from workers.notify.alert import AdminMail, alert, daily_report
from workers.notify.outgoing import message_id
from workers.transports.base import PermanentFailure, TransportFailure
from workers.transports.servers import OutgoingServers

log = structlog.get_logger(__name__)

CHECK_SECONDS = 30.0
STOP_SECONDS = 2.0
TOKEN_LIFETIME = timedelta(days=400)


class HealthMonitor:
    """Sends alerts directly through the main mail server, so that they need neither the broker nor a job.

    `process_facts` returns what only this process knows about its host, its mail servers and its model.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        servers: OutgoingServers,
        keyring: Keyring,
        *,
        sender: str,
        admin: str | None,
        message_id_domain: str,
        mailboxes: Mapping[str, Sequence[str]],
        thresholds: Thresholds,
        process_facts: Callable[[], ProcessFacts],
        daily_report: bool = False,
    ) -> None:
        self._store, self._clock, self._servers, self._keyring = store, clock, servers, keyring
        self._sender, self._admin, self._domain = sender, admin, message_id_domain
        self._mailboxes, self._thresholds, self._process_facts = mailboxes, thresholds, process_facts
        self._loss_alerted = False
        # What was logged and could not be emailed yet.
        self._unsent: frozenset[str] = frozenset()
        self._daily_report = daily_report
        self._thread = PeriodicThread("monitor", CHECK_SECONDS, self.check)

    def start(self) -> None:
        """Start the thread that checks."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, and wait for it unless it waits for a mail server."""
        self._thread.stop(STOP_SECONDS)

    def check(self) -> tuple[Problem, ...]:
        """Check once: record the problems, alert the admin to new ones, and return these."""
        if self._store.is_lost():
            return self._database_lost()
        self._loss_alerted = False
        now = self._clock.now()
        with self._store.read() as session:
            facts = health.facts(session, now, self._mailboxes, self._process_facts())
        problems = examine(facts, self._thresholds)
        new = tuple(self._store.write(lambda session: alarms.raise_alarms(session, problems, now)))
        if new and not self._alert(new):
            self._store.write(lambda session: alarms.mark_unsent(session, [problem.key for problem in new]))
        if self._daily_report and self._admin and not self._servers.main.is_down:
            self._report(now.date() - timedelta(days=1), self._admin)
        return new

    def _database_lost(self) -> tuple[Problem, ...]:
        """Alert the admin once to the loss of the database, which cannot record that."""
        if self._loss_alerted:
            return ()
        self._loss_alerted = self._alert((DATABASE_LOST,))
        return (DATABASE_LOST,)

    def _alert(self, problems: tuple[Problem, ...]) -> bool:
        """Log the problems once and email them to the admin; return False if the email could not be sent."""
        for problem in problems:
            if problem.key not in self._unsent:
                log.warning("problem found", key=problem.key, text=problem.text)
        failure = self._send(self._admin, alert(problems, self._address(self._admin))) if self._admin else None
        if failure and not self._unsent:
            log.error("alert not sent", reason=str(failure)[:200])
        self._unsent = frozenset(problem.key for problem in problems) if failure else frozenset()
        return failure is None

    def _send(self, admin: str, email: bytes) -> TransportFailure | None:
        try:
            self._servers.main.send(self._sender, admin, email)
        except TransportFailure as failure:
            return failure
        return None

    def _report(self, day: date, admin: str) -> None:
        """Send the report of a day, if no other process did: once, or not at all if this one dies while it sends."""
        with self._store.read() as session:
            if not alarms.is_daily_due(session, DAILY_REPORT, day):
                return
            counts = daily.counts(session, day)
        # The day before the first start has nothing to report.
        if not self._store.write(
            lambda session: alarms.claim_daily(session, DAILY_REPORT, day, self._clock.now(), day)
        ):
            return
        failure = self._send(admin, daily_report(counts, self._address(admin)))
        if failure:
            log.error("daily report not sent", reason=str(failure)[:200])
            if not isinstance(failure, PermanentFailure):
                self._store.write(lambda session: alarms.release_daily(session, DAILY_REPORT, day))

    def _address(self, admin: str) -> AdminMail:
        now, key = self._clock.now(), self._keyring.value[0]
        mark = sign(Token(Purpose.TEAM, 0, digest(admin, key), (now + TOKEN_LIFETIME).date()), key)
        return AdminMail(
            sender=self._sender,
            recipient=admin,
            mark=mark,
            message_id=message_id(mark, secrets.token_hex(5), self._domain),
            boundary_seed=secrets.token_hex(16),
            now=now,
        )
