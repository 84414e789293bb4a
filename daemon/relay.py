"""Offer due jobs to the broker, and rescue the jobs of dead workers."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from queue import Empty, SimpleQueue
from time import monotonic

import structlog

from daemon.store import jobs, orphans
from daemon.store.jobs import JobKind, Offer
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from daemon.system.thread import PeriodicThread

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 0.5
# An offer may be lost: with Redis, or with the worker that fetched it.
OFFER_AGAIN_SECONDS = 10.0
# While the broker has a backlog of a kind, its offers are only delayed; offered again sooner they would pile up there.
OFFER_AGAIN_BUSY_SECONDS = 600.0
# Six beats of a heartbeat.
DEAD_AFTER_SECONDS = 3.0
# Bounds one sweep. Each offer wakes a worker, which also claims other waiting jobs, so more are not needed.
MAX_OFFERS = 500
MAX_WATCHED_LEASES = 2000
MIN_CLOCK_STEP = timedelta(seconds=5)


class Relay:
    """One thread between the database, which has the jobs, and the broker, which wakes the workers.

    A job is offered at least once and claimed once. A leased job whose beat does not change for three seconds of our
    own monotonic clock has lost its worker; clocks of different hosts are never compared.
    """

    def __init__(
        self,
        store: Store,
        enqueue: Callable[[Offer], None],
        clock: Clock,
        waiting: Callable[[JobKind], int] = lambda _kind: 0,
        *,
        offers: bool = True,
    ) -> None:
        """Connect the store to a broker.

        `enqueue` sends an offer to the broker, and raises if it cannot. `waiting` returns the number of offers of a
        kind that no worker has fetched. Without `offers` the relay only rescues jobs.
        """
        self._store = store
        self._enqueue = enqueue
        self._waiting = waiting
        self._offers = offers
        self._clock = clock
        self._fresh: SimpleQueue[Offer] = SimpleQueue()
        self._offered: dict[int, float] = {}
        self._beats: dict[int, tuple[int, float]] = {}
        self._next_sweep = self._round_ended_at = monotonic()
        # The system clock and the monotonic one at the same moment, to notice that the former was set back.
        self._wall, self._steady = clock.now(), monotonic()
        # Each round waits for fresh offers by itself, so the thread has no interval.
        self._thread = PeriodicThread("relay", 0.0, self._round)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self, offers: Iterable[Offer]) -> None:
        """Offer newly committed jobs. Returns at once; may be called from any thread."""
        if self._offers:
            for offer in offers:
                self._fresh.put(offer)

    def stuck_seconds(self) -> float:
        """Return the number of seconds since the last round ended."""
        return monotonic() - self._round_ended_at

    def close(self) -> None:
        """Stop the thread; jobs not offered yet stay due in the database."""
        self._thread.stop()

    def _round(self) -> None:
        try:
            self._offer_fresh(self._next_sweep)
            if monotonic() >= self._next_sweep:
                self._next_sweep = monotonic() + SWEEP_SECONDS
                self.sweep()
        except Exception:
            self._forget()
            raise
        finally:
            self._round_ended_at = monotonic()

    def _offer_fresh(self, until: float) -> None:
        while not self._thread.stopping:
            try:
                offer = self._fresh.get(timeout=max(0.0, min(until - monotonic(), SWEEP_SECONDS)))
            except Empty:
                return
            self._offer(offer)
            if monotonic() >= until:
                return

    def sweep(self) -> None:
        """Offer the due jobs and rescue the jobs that lost their worker."""
        self._check_clock()
        with self._store.read() as session:
            due = jobs.due(session, self._clock.now(), MAX_OFFERS) if self._offers else []
            leased = orphans.leased(session, MAX_WATCHED_LEASES)
        now = monotonic()
        # Forget jobs that are no longer due, so a released job is offered immediately.
        self._offered = {offer.job_id: self._offered[offer.job_id] for offer in due if offer.job_id in self._offered}
        busy = {kind: self._waiting(kind) > 0 for kind in {offer.kind for offer in due}}
        for offer in due:
            age = now - self._offered.get(offer.job_id, -OFFER_AGAIN_BUSY_SECONDS)
            if age >= (OFFER_AGAIN_BUSY_SECONDS if busy[offer.kind] else OFFER_AGAIN_SECONDS):
                self._offer(offer)
        self._rescue_dead(leased, now)

    def _check_clock(self) -> None:
        """Shift due times if the system clock was set back, so that no job waits longer."""
        wall, steady = self._clock.now(), monotonic()
        step = self._wall + timedelta(seconds=steady - self._steady) - wall
        if step > MIN_CLOCK_STEP:
            moved = self._store.write(lambda session: jobs.shift_due(session, step, wall))
            log.warning("clock set back", seconds=round(step.total_seconds()), jobs_shifted=moved)
        self._wall, self._steady = wall, steady

    def _offer(self, offer: Offer) -> None:
        self._enqueue(offer)
        failpoint("relay.offered")
        self._offered[offer.job_id] = monotonic()

    def _rescue_dead(self, leased: dict[int, int], now: float) -> None:
        seen = {job_id: self._first_seen(job_id, beat, now) for job_id, beat in leased.items()}
        dead = [(job_id, beat) for job_id, (beat, since) in seen.items() if now - since >= DEAD_AFTER_SECONDS]
        if dead:
            self._store.write(lambda session: orphans.rescue(session, dead, self._clock.now()))
            for job_id, _ in dead:
                self._offered.pop(job_id, None)
                log.warning("job rescued", job=job_id)
        self._beats = seen

    def _first_seen(self, job_id: int, beat: int, now: float) -> tuple[int, float]:
        """Return the beat of a job, and since when it has not changed."""
        known = self._beats.get(job_id)
        return known if known is not None and known[0] == beat else (beat, now)

    def _forget(self) -> None:
        # The database knows all jobs; kept here, they would pile up while the broker is away.
        self._fresh = SimpleQueue()
        # While the store did not answer, no worker could beat, so that time is no evidence of a dead worker.
        self._beats.clear()
