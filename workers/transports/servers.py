"""The mail servers that send our email: the one of [outgoing], and further ones by name, each with its own pauses."""

from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from workers.transports.base import TemporaryFailure, Transport

log = structlog.get_logger(__name__)

MAIN: Final = ""
PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
# So many emails in a row without an answer are the fault of the server, not of the emails.
UNANSWERED_AT_MOST: Final = 3


class OutgoingServer:
    """One mail server. While it is paused nothing is sent through it; the others go on.

    `refused` is its answer to our login, "" while it accepts it.
    """

    def __init__(self, transport: Transport, name: str = MAIN) -> None:
        self.transport, self.name, self.refused = transport, name, ""
        self._paused_until, self._why_paused = 0.0, ""
        self._unanswered = 0
        # Unknown at first: emails may wait for it that an earlier process could not send.
        self._was_reached: bool | None = None

    @property
    def is_paused(self) -> bool:
        """Say whether nothing may be sent through it now."""
        return monotonic() < self._paused_until

    @property
    def state(self) -> str:
        """Return why nothing is sent."""
        which = f" through {self.name}" if self.name else ""
        return f"outgoing mail{which} is paused: {self._why_paused}"

    def note_sent(self) -> None:
        """Note that it took an email."""
        self.refused, self._unanswered = "", 0

    def note_reached(self) -> bool:
        """Note that it is reached; return whether emails may wait that could not be sent because it was away."""
        before, self._was_reached = self._was_reached, True
        if before is False:
            log.info("mail server reached again", server=self._named)
        return not before

    def note_unreachable(self, reason: str) -> None:
        """Note that it cannot be reached; only the first time is logged."""
        before, self._was_reached = self._was_reached, False
        if before is not False:
            event = "mail server not reached; emails wait in the database"
            log.warning(event, server=self._named, reason=reason[:200])

    def note_refused(self, answer: str) -> None:
        """Note that it rejects our login: every further attempt could lock our account."""
        self._pause(PAUSE, "the smarthost refused our credentials", answer=answer[:200])
        self.refused = answer[:200]

    def note_unanswered(self) -> None:
        """Note that it did not answer after a whole email; several in a row pause it, each time for longer."""
        self._unanswered += 1
        if self._unanswered >= UNANSWERED_AT_MOST:
            more = min(self._unanswered - UNANSWERED_AT_MOST, 6)
            self._pause(min(PAUSE * 2**more, LONGEST_PAUSE), "the mail server does not answer after the whole email")

    @property
    def _named(self) -> str:
        """Return its name in the log."""
        return self.name or "outgoing"

    def _pause(self, time: timedelta, why: str, **details: str) -> None:
        if not self.is_paused:
            minutes = round(time.total_seconds() / 60)
            log.error("outgoing mail paused", reason=why, minutes=minutes, server=self._named, **details)
        self._paused_until, self._why_paused = monotonic() + time.total_seconds(), why


class OutgoingServers:
    """All mail servers of a process. An email goes through its own one only, whatever happens to the others."""

    def __init__(self, main: Transport, named: Mapping[str, Transport] | None = None) -> None:
        self.main = OutgoingServer(main)
        self._all = {MAIN: self.main, **{name: OutgoingServer(one, name) for name, one in (named or {}).items()}}

    def get(self, name: str) -> OutgoingServer:
        """Return a server by its name; one that this process does not know yet sends nothing."""
        return self._all.get(name) or OutgoingServer(_UnknownServer(name), name)

    @property
    def all_paused(self) -> bool:
        """Say whether nothing can be sent at all."""
        return all(server.is_paused for server in self._all.values())

    @property
    def refused(self) -> str:
        """Return the answer of the first server that rejects our login, with its name, or ""."""
        found = (server for server in self._all.values() if server.refused)
        return next((f"{one.name}: {one.refused}" if one.name else one.refused for one in found), "")

    def cut(self) -> None:
        """Cut all connections in use: what is being sent fails at once."""
        for server in self._all.values():
            server.transport.cut()

    def close(self) -> None:
        """Close all connections. Call it when no thread sends any more."""
        for server in self._all.values():
            server.transport.close()


class _UnknownServer:
    """Stands for a server that a reload named after this process began; its emails wait for a restart."""

    def __init__(self, name: str) -> None:
        self._name = name

    def send(self, *_email: object) -> str:
        """Raise TemporaryFailure."""
        raise TemporaryFailure(f"the mail server {self._name!r} is not known to this process: restart the workers")

    def probe(self) -> None:
        """Raise TemporaryFailure."""
        self.send()

    def cut(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
