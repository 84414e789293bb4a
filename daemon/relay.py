"""Offer due jobs to the broker, and take back what a dead worker or an emptied Redis left behind."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from queue import Empty, SimpleQueue
from time import monotonic

import structlog

from daemon.store import jobs
from daemon.store.jobs import JobKind, Offer
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from daemon.system.thread import PeriodicThread

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 0.5
OFFER_AGAIN_SECONDS = 10.0
# What a busy broker still holds is on its way; offered every ten seconds, it would pile up there without end.
LOST_SECONDS = 600.0
DEAD_AFTER_SECONDS = 3.0
# Each offer wakes a worker, who takes along what waits beside it: more are not needed at a time.
OFFERED_AT_MOST = 500
WATCHED_AT_MOST = 2000
SET_BACK = timedelta(seconds=5)


class Relay:
    """One thread between the database, which knows what is to do, and the broker, which wakes the workers.

    Offers are at least once; a job offered twice is claimed once. A leased job whose beat does not move for three
    seconds of our own monotonic clock has lost its worker: no clock of another host is asked.
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
        """Take what offers a job to the broker, what says how many of a kind wait there, and whether any is offered."""
        self._store = store
        self._enqueue = enqueue
        self._waiting = waiting
        self._offers = offers
        self._clock = clock
        self._fresh: SimpleQueue[Offer] = SimpleQueue()
        self._offered: dict[int, float] = {}
        self._beats: dict[int, tuple[int, float]] = {}
        self._next_sweep = self._moved_at = monotonic()
        self._wall, self._steady = clock.now(), monotonic()
        # Each round waits for fresh offers by itself, so the thread has no interval.
        self._thread = PeriodicThread("relay", 0.0, self._round)

    def start(self) -> None:
        """Begin to offer."""
        self._thread.start()

    def wake(self, offers: Iterable[Offer]) -> None:
        """Offer jobs that were committed just now. Returns at once, from any thread."""
        if self._offers:
            for offer in offers:
                self._fresh.put(offer)

    def still_seconds(self) -> float:
        """Return for how long the relay has not come round."""
        return monotonic() - self._moved_at

    def close(self) -> None:
        """Stop; what is not offered yet is offered by whoever comes next."""
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
            self._moved_at = monotonic()

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
        """Offer what is due and take back what lost its worker."""
        self._mind_the_clock()
        with self._store.read() as session:
            due = jobs.due(session, self._clock.now(), OFFERED_AT_MOST) if self._offers else []
            leased = jobs.leased(session, WATCHED_AT_MOST)
        now = monotonic()
        # What is due no more was claimed: given back, it is offered as soon as it is due again.
        self._offered = {o.job_id: self._offered[o.job_id] for o in due if o.job_id in self._offered}
        busy = {kind: self._waiting(kind) > 0 for kind in {offer.kind for offer in due}}
        for offer in due:
            age = now - self._offered.get(offer.job_id, -LOST_SECONDS)
            if age >= (LOST_SECONDS if busy[offer.kind] else OFFER_AGAIN_SECONDS):
                self._offer(offer)
        self._release_dead(leased, now)

    def _mind_the_clock(self) -> None:
        """Keep what waits from waiting longer where somebody sets the clock back."""
        wall, steady = self._clock.now(), monotonic()
        step = self._wall + timedelta(seconds=steady - self._steady) - wall
        if step > SET_BACK:
            moved = self._store.write(lambda session: jobs.shift_due(session, step, wall))
            log.warning("the clock was set back", seconds=round(step.total_seconds()), jobs_due_earlier=moved)
        self._wall, self._steady = wall, steady

    def _offer(self, offer: Offer) -> None:
        self._enqueue(offer)
        failpoint("relay.offered")
        self._offered[offer.job_id] = monotonic()

    def _release_dead(self, leased: dict[int, int], now: float) -> None:
        seen = {
            i: self._beats[i] if i in self._beats and self._beats[i][0] == beat else (beat, now)
            for i, beat in leased.items()
        }
        dead = [(i, beat) for i, (beat, since) in seen.items() if now - since >= DEAD_AFTER_SECONDS]
        if dead:
            self._store.write(lambda session: jobs.rescue(session, dead, self._clock.now()))
            for job_id, _ in dead:
                self._offered.pop(job_id, None)
                log.warning("job taken back from a dead worker", job=job_id)
        self._beats = seen

    def _forget(self) -> None:
        # The database knows all jobs; kept here, they would pile up while the broker is away.
        self._fresh = SimpleQueue()
        # While the store did not answer nobody could beat, so that time proves nothing about a worker.
        self._beats.clear()
