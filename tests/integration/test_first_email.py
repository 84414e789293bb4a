"""A new installation may wait for its first email as long as for any other, before the admin is alerted."""

from dataclasses import replace
from datetime import timedelta

from daemon.store import keys
from daemon.store.queries import health
from daemon.store.store import Store
from daemon.tickets.health import Thresholds, examine
from tests.support.fakes import NOON

THRESHOLDS = Thresholds(timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=24), 50)


def test_no_email_yet_is_a_problem_only_after_the_time_without_email(store: Store) -> None:
    store.write(lambda session: keys.ensure(session, NOON))
    with store.read() as session:
        facts = health.facts(session, NOON + timedelta(minutes=1), {})
    assert examine(facts, THRESHOLDS) == ()
    assert [one.key for one in examine(replace(facts, now=NOON + timedelta(hours=25)), THRESHOLDS)] == ["no-mail"]
