"""The mail servers that send our email: the one of [outgoing], and further ones by name, each with its own pauses.

Each is guarded by a circuit breaker:

    works     answered about an email a moment ago: any number of threads send through it
    tried     else one email is sent and the others wait, since a server that swallows connections holds each thread
    paused    that email failed because of the server: nothing is sent for a while, then one email tries again
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from math import inf
from time import monotonic
from typing import Final

import structlog

from daemon.facts import OutgoingFacts
from workers.transports.base import AuthenticationFailure, ServerFailure, Transport

log = structlog.get_logger(__name__)

MAIN: Final = ""
# How the reasons of all jobs begin that wait for a mail server, whatever their email is.
WAITING: Final = "waiting for the mail server"
# So many emails in a row without an answer are the fault of the server, not of the emails.
MAX_UNANSWERED: Final = 3
# A server that answered so recently works.
WORKS_SECONDS: Final = 10.0
# How long a thread waits for the email that is tried, which mostly takes less than a second.
PATIENCE_SECONDS: Final = 2.0
# A refused sender is tried again more often than this.
REFUSAL_SECONDS: Final = 1800.0
# A server that has taken no email for so long is a problem.
AWAY_SECONDS: Final = 600.0


class Fault(Enum):
    """Why a server takes no email."""

    UNREACHED = "mail server not reached; emails wait in the database"
    REFUSED = "mail server refuses our login; emails wait in the database"
    SILENT = "mail server silent in the middle of emails; emails wait in the database"


# The first pause and the longest; each is twice as long as the one before. A refused login may lock our account.
PAUSES: Final = {
    Fault.UNREACHED: (timedelta(seconds=5), timedelta(minutes=1)),
    Fault.REFUSED: (timedelta(minutes=1), timedelta(hours=1)),
    Fault.SILENT: (timedelta(minutes=1), timedelta(hours=1)),
}


@dataclass(frozen=True, slots=True)
class _Outage:
    fault: Fault
    reason: str
    since: float


class OutgoingServer:
    """One mail server. While it takes no email nothing is sent through it; the others go on."""

    def __init__(
        self,
        transport: Transport,
        name: str = MAIN,
        clock: Callable[[], float] = monotonic,
        trials: threading.Semaphore | None = None,
    ) -> None:
        self.transport, self.name, self._clock = transport, name, clock
        # Shared by the servers that took no email when they were tried last.
        self._trials = trials or threading.Semaphore()
        self._changed = threading.Condition()
        self._outage: _Outage | None = None
        self._paused_until, self._pauses, self._unanswered = -inf, 0, 0
        self._answered_at = -inf
        self._refused_sender, self._refused_sender_at = "", -inf
        # The thread whose email is tried, and since when.
        self._tried_by, self._tried_since, self._holds_trial = 0, -inf, False
        # Emails may wait that an earlier process could not send.
        self._awaited = True

    @property
    def is_down(self) -> bool:
        """Say whether it took no email when it was tried last."""
        return self._outage is not None

    @property
    def is_paused(self) -> bool:
        """Say whether nothing may be sent through it now."""
        return self._clock() < self._paused_until

    @property
    def is_closed(self) -> bool:
        """Say whether an email must wait, without a look at the email: it is paused, or silent to the one it got."""
        return self.is_paused or (self._is_tried and self._patience <= 0)

    @property
    def waiting(self) -> str:
        """Return how the reasons of the jobs begin that wait for this server."""
        return f"{WAITING} {self.name}:" if self.name else f"{WAITING}:"

    @property
    def state(self) -> str:
        """Return why emails wait."""
        return f"{self.waiting} {self._outage.reason if self._outage else 'another email is tried'}"

    def enter(self) -> bool:
        """Begin to send an email; False where it must wait. Waits a moment for the email that is tried."""
        with self._changed:
            if self._is_tried:
                self._changed.wait_for(lambda: not self._is_tried, max(self._patience, 0.0))
            if self.is_paused or self._is_tried:
                return False
            return self._works or self._begin_trial()

    def leave(self) -> None:
        """End the sending of an email, after its result was noted."""
        with self._changed:
            self._end_trial()

    def _begin_trial(self) -> bool:
        self._end_trial()
        if self._outage and not self._trials.acquire(blocking=False):
            return False
        self._holds_trial = self._outage is not None
        self._tried_by, self._tried_since = threading.get_ident(), monotonic()
        return True

    def _end_trial(self) -> None:
        if self._tried_by != threading.get_ident():
            return
        if self._holds_trial:
            self._trials.release()
        self._tried_by, self._holds_trial = 0, False
        self._changed.notify_all()

    def send(self, mail_from: str, recipient: str, message: bytes) -> str:
        """Send an email that no job repeats, such as an alert. Raises TransportFailure, also where it would wait."""
        if not self.enter():
            raise ServerFailure(self.state)
        try:
            answer = self.transport.send(mail_from, recipient, message)
        except ServerFailure as failure:
            self.note_failed(failure)
            raise
        finally:
            self.leave()
        self.note_answered()
        return answer

    def keep_waiting(self) -> None:
        """Note that an email waits for it."""
        self._awaited = True

    def end_waiting(self) -> bool:
        """Say, once, whether emails may wait for it that can be sent now."""
        awaited, self._awaited = self._awaited, False
        return awaited

    def end_pause(self) -> None:
        """Let an email try it at once."""
        self._paused_until, self._pauses = -inf, 0

    def note_answered(self) -> None:
        """Note that it answered about an email: it works, whatever it said about that one."""
        with self._changed:
            if self._outage:
                log.info("mail server reached again", server=self._named)
            self._outage, self._paused_until, self._pauses, self._unanswered = None, -inf, 0, 0
            self._answered_at = self._clock()

    def note_failed(self, failure: ServerFailure) -> None:
        """Note that it takes no email at all."""
        refused = isinstance(failure, AuthenticationFailure)
        self._pause(Fault.REFUSED if refused else Fault.UNREACHED, str(failure))

    def note_unanswered(self) -> None:
        """Note that it fell silent in the middle of an email, or after it; several in a row pause it."""
        self._unanswered += 1
        if self._unanswered >= MAX_UNANSWERED:
            self._pause(Fault.SILENT, "it does not answer in the middle of emails")

    def note_refused_sender(self, answer: str) -> None:
        """Note that it answered, and refuses our address; only the first time in a while is logged."""
        if not self.refused_sender:
            log.warning(
                "mail server refuses our sender; emails wait in the database", server=self._named, answer=answer[:200]
            )
        self._refused_sender, self._refused_sender_at = answer[:200], self._clock()

    @property
    def refused_sender(self) -> str:
        """Return its answer to our address, "" if it refused none for a while."""
        return self._refused_sender if self._clock() - self._refused_sender_at < REFUSAL_SECONDS else ""

    def facts(self) -> OutgoingFacts:
        """Return what an admin should know of it."""
        refused = unreached = ""
        if self._outage and self._outage.fault is Fault.REFUSED:
            refused = self._outage.reason
        elif self._outage and self._clock() - self._outage.since >= AWAY_SECONDS:
            unreached = self._outage.reason
        return OutgoingFacts(*map(self._with_name, (refused, self.refused_sender, unreached)))

    def _with_name(self, reason: str) -> str:
        return f"{self.name}: {reason}" if self.name and reason else reason

    @property
    def _works(self) -> bool:
        return not self._outage and self._clock() - self._answered_at < WORKS_SECONDS

    @property
    def _is_tried(self) -> bool:
        """Say whether another thread tries it. This one is done with whatever it tried before."""
        return self._tried_by not in {0, threading.get_ident()} and not self._works

    @property
    def _patience(self) -> float:
        return self._tried_since + PATIENCE_SECONDS - monotonic()

    @property
    def _named(self) -> str:
        """Return its name in the log."""
        return self.name or "outgoing"

    def _pause(self, fault: Fault, reason: str) -> None:
        """Pause, each time for longer; only the first time is logged."""
        with self._changed:
            before, now = self._outage, self._clock()
            self._outage = _Outage(fault, reason[:200], before.since if before else now)
            # Several threads may have been sending when it failed.
            if not self.is_paused:
                first, longest = PAUSES[fault]
                self._paused_until = now + min(first * 2 ** min(self._pauses, 12), longest).total_seconds()
                self._pauses += 1
        if before is None or before.fault is not fault:
            log.warning(fault.value, server=self._named, reason=reason[:200])


class OutgoingServers:
    """All mail servers of a process. An email goes through its own one only, whatever happens to the others."""

    def __init__(
        self,
        main: Transport,
        named: Mapping[str, Transport] | None = None,
        clock: Callable[[], float] = monotonic,
        threads: int = 1,
    ) -> None:
        """Guard the servers of a process with a number of threads, of which servers that are away leave one free."""
        self._guard = partial(OutgoingServer, clock=clock, trials=threading.Semaphore(max(threads - 1, 1)))
        self.main = self._guard(main, MAIN)
        self._all = {MAIN: self.main, **{name: self._guard(one, name) for name, one in (named or {}).items()}}

    def get(self, name: str) -> OutgoingServer:
        """Return a server by its name; one that this process does not know yet sends nothing."""
        if name not in self._all:
            self._all[name] = self._guard(_UnknownServer(name), name)
        return self._all[name]

    @property
    def only(self) -> OutgoingServer | None:
        """Return the server that every email goes through, None where there are several."""
        return self.main if len(self._all) == 1 else None

    def facts(self) -> OutgoingFacts:
        """Return what an admin should know of them."""
        found = [server.facts() for server in tuple(self._all.values())]
        return OutgoingFacts(
            refused="; ".join(one.refused for one in found if one.refused),
            refused_sender="; ".join(one.refused_sender for one in found if one.refused_sender),
            unreached="; ".join(one.unreached for one in found if one.unreached),
        )

    def end_pauses(self) -> None:
        """Let an email try each server at once."""
        for server in tuple(self._all.values()):
            server.end_pause()

    def cut(self) -> None:
        """Cut all connections in use: what is being sent fails at once."""
        for server in tuple(self._all.values()):
            server.transport.cut()

    def close(self) -> None:
        """Close all connections. Call it when no thread sends any more."""
        for server in tuple(self._all.values()):
            server.transport.close()


class _UnknownServer:
    """Stands for a server that a reload named after this process began; its emails wait for a restart."""

    def __init__(self, name: str) -> None:
        self._name = name

    def send(self, *_email: object) -> str:
        """Raise ServerFailure."""
        raise ServerFailure(f"the mail server {self._name!r} is not known to this process: restart the workers")

    def probe(self) -> None:
        """Raise ServerFailure."""
        self.send()

    def cut(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
