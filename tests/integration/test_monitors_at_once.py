"""Several processes watch one system: the admin hears once of a problem, also of one that only one of them sees."""

from daemon.store.models import Alarm
from daemon.store.store import Store
from tests.support.fake_workers import FakeTransport
from tests.support.fakes import FakeClock
from tests.support.monitors import monitor
from tests.support.store_queries import count


class Host:
    """A process with a disk of its own."""

    def __init__(self, store: Store, clock: FakeClock, transport: FakeTransport) -> None:
        self.has_space = True
        self.watch = monitor(store, clock, transport, daily_report=False, has_space=lambda: self.has_space)


class Hosts:
    """Two processes with one database."""

    def __init__(self, store: Store) -> None:
        self.clock, self.transport = FakeClock(), FakeTransport()
        self.full, self.other = (Host(store, self.clock, self.transport) for _ in range(2))

    def watch_for_minutes(self, minutes: int) -> None:
        for _ in range(2 * minutes):
            self.full.watch.check()
            self.other.watch.check()
            self.clock.advance(seconds=30)


def test_a_problem_that_one_of_two_processes_sees_is_alerted_once(store: Store) -> None:
    hosts = Hosts(store)
    hosts.full.has_space = False
    hosts.watch_for_minutes(30)
    assert hosts.transport.asked == 1


def test_a_problem_that_one_process_saw_ends_and_is_alerted_again(store: Store) -> None:
    hosts = Hosts(store)
    hosts.full.has_space = False
    hosts.watch_for_minutes(1)
    hosts.full.has_space = True
    hosts.watch_for_minutes(11)
    assert count(store, Alarm) == 0
    hosts.full.has_space = False
    hosts.watch_for_minutes(1)
    assert hosts.transport.asked == 2
