"""A mail server in trouble: the alert about it cannot be sent, so the log, the pages and `check --live` say it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from config.settings import Settings
from daemon.cli.support.web_tools import HttpTools
from daemon.store import alarms
from daemon.store.models import Alarm
from daemon.store.queries import health, metrics
from daemon.store.store import Store
from tests.support.fake_workers import FakeTransport
from tests.support.fakes import FakeClock
from tests.support.log_lines import log_lines
from tests.support.monitors import monitor
from workers.monitor import HealthMonitor
from workers.transports.base import AuthenticationFailure, ServerFailure
from workers.transports.servers import OutgoingServers

AWAY = ServerFailure("cannot connect to mail.example.com:587: timed out")
WRONG = AuthenticationFailure("wrong password", 535)


class Watch:
    """A monitor of a worker whose mail server fails."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.transport = store, FakeClock(), FakeTransport()
        self.servers = OutgoingServers(self.transport, clock=lambda: self.clock.now().timestamp())
        self.monitor: HealthMonitor = monitor(store, self.clock, self.servers)

    def fail(self, failure: ServerFailure) -> None:
        self.transport.failures = [failure] * 10_000
        self.servers.main.note_failed(failure)

    def watch(self, minutes: int) -> None:
        for _ in range(2 * minutes):
            self.clock.advance(seconds=30)
            self.monitor.check()

    def keys(self) -> list[str]:
        with self.store.read() as session:
            return list(session.execute(select(Alarm.key).where(Alarm.key.not_in(alarms.DAILY))).scalars())


@pytest.fixture
def watch(store: Store) -> Watch:
    return Watch(store)


def test_a_server_that_is_away_is_a_problem_after_ten_minutes_until_it_is_back(watch: Watch) -> None:
    watch.fail(AWAY)
    watch.watch(9)
    assert watch.keys() == []
    watch.watch(2)
    assert watch.keys() == ["unreached"]
    watch.transport.failures = []
    watch.watch(5)
    assert watch.keys() == []


def test_the_log_says_each_thing_once_while_no_alert_can_be_sent(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    # It said twice a minute that there is a problem and that its alert was not sent.
    watch.fail(WRONG)
    watch.watch(120)
    watch.transport.failures = []
    watch.watch(61)
    lines = [row for row in log_lines(capsys) if row["level"] != "debug"]
    assert [(row["event"], row.get("key", "")) for row in lines] == [
        ("mail server refuses our login; emails wait in the database", ""),
        ("problem found", "outgoing"),
        ("alert not sent", ""),
        ("mail server reached again", ""),
    ]


def test_alerts_do_not_try_a_refused_login_every_half_minute(watch: Watch) -> None:
    watch.fail(WRONG)
    watch.watch(120)
    assert watch.transport.asked <= 8


def test_the_pages_the_check_and_the_metrics_show_what_workers_see(watch: Watch) -> None:
    watch.fail(WRONG)
    watch.watch(1)
    with watch.store.read() as session:
        now = watch.clock.now()
        assert [one.key for one in health.facts(session, now, {}, of_workers=True).reported] == ["outgoing"]
        assert health.facts(session, now, {}).reported == ()
        later = now + timedelta(minutes=5)
        assert health.facts(session, later, {}, of_workers=True).reported == ()
        assert "outgoing" in metrics.state(session, now, "MANUAL_REVIEW", {}).problems


def test_the_page_of_health_shows_it(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.fail(WRONG)
    watch.watch(1)
    monkeypatch.setattr("daemon.cli.support.web_tools.SystemClock", lambda: watch.clock)
    keys = [problem.key for problem in HttpTools(Settings(), watch.store).problems()]
    assert "outgoing" in keys
