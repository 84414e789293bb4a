"""Check senders in threads, each within one time limit: no DNS delays an email for longer."""

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol

import structlog

from daemon.authentication.check import check_sender
from daemon.authentication.resolver import Resolver
from daemon.mail.envelope import Inbound
from daemon.system.logs import RateLimitedLog
from daemon.vocabulary import NO_DNS_ANSWER, SenderCheck

# A stranger decides which domain is asked for, and how often.
limited = RateLimitedLog(structlog.get_logger(__name__))

# They mostly wait. As many as all threads of a process check at once in batches of 16.
THREADS: Final = 32


def not_checked(reason: str) -> SenderCheck:
    """Return the result for an email that could not be checked: it counts as not verified."""
    return SenderCheck(verified=False, results=(f"not checked: {reason}",))


class Started(Protocol):
    """A check that runs."""

    def result(self) -> SenderCheck:
        """Return the result within the time limit. Never raises."""


class Checker(Protocol):
    """Starts checks, each in a thread of its own."""

    def start(self, inbound: Inbound) -> Started:
        """Start to check an email."""

    def close(self) -> None:
        """Start no further check."""


@dataclass(frozen=True, slots=True)
class NoChecker:
    """Checks nobody, and says why."""

    reason: str

    def start(self, inbound: Inbound) -> "NoChecker":
        """Return the result for any email."""
        del inbound
        return self

    def result(self) -> SenderCheck:
        """Return that the email was not checked."""
        return not_checked(self.reason)

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class StartedCheck:
    """A check that runs. `deadline` is a moment of the monotonic clock."""

    _future: "Future[SenderCheck]"
    _deadline: float

    def result(self) -> SenderCheck:
        """Return the result, waiting until the deadline at most. Never raises."""
        try:
            check = self._future.result(max(self._deadline - monotonic(), 0.0))
        except TimeoutError:
            self._future.cancel()
            limited.warning("sender not checked", reason="time limit")
            return SenderCheck(verified=False, results=(NO_DNS_ANSWER,))
        except Exception as error:  # noqa: BLE001 - a check that fails decides nothing
            limited.error("sender not checked", key=type(error).__name__, exc_info=error)
            return not_checked(f"our own code failed: {type(error).__name__}")
        if NO_DNS_ANSWER in check.results:
            limited.warning("sender not checked", reason="the name servers failed")
        return check


class SenderChecker:
    """Checks senders for a process. `trusted_intermediaries` are domains whose ARC seals are believed."""

    def __init__(self, resolver: Resolver, seconds: float, trusted_intermediaries: Collection[str]) -> None:
        self._resolver, self._seconds = resolver, seconds
        self._trusted = frozenset(domain.lower() for domain in trusted_intermediaries)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sender check")

    def start(self, inbound: Inbound) -> StartedCheck:
        """Start to check an email."""
        deadline = monotonic() + self._seconds
        questions = self._resolver.until(deadline)
        return StartedCheck(self._threads.submit(check_sender, questions, inbound, self._trusted), deadline)

    def close(self) -> None:
        """Start no further check; those that run end at their deadlines."""
        self._threads.shutdown(wait=False, cancel_futures=True)
