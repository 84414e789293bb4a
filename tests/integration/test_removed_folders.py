"""A folder or mailbox that is not in the settings any more is no problem, however long ago it was read."""

from datetime import timedelta

from sqlalchemy import insert

from daemon.store.models import ImapCursor
from daemon.store.queries import health, metrics
from daemon.store.store import Store
from daemon.tickets.health import Thresholds, examine
from tests.support.fakes import NOON

THRESHOLDS = Thresholds(timedelta(minutes=5), timedelta(minutes=15), None, 50)
READ = {"work": ("INBOX",)}


def _removed(store: Store) -> None:
    """Store cursors of the folder that is read, of one that was removed, and of a mailbox that was removed."""
    old = {"polled_at": NOON - timedelta(days=3), "error": "there is no folder"}
    cursors = [
        {"account": "work", "folder": "INBOX", "polled_at": NOON, "error": ""},
        {"account": "work", "folder": "Old", **old},
        {"account": "former", "folder": "INBOX", **old},
    ]
    same = {"uidvalidity": 1, "last_uid": 1, "last_mail_at": None}
    store.write(lambda session: session.execute(insert(ImapCursor), [one | same for one in cursors]))


def test_a_removed_folder_is_no_problem(store: Store) -> None:
    _removed(store)
    with store.read() as session:
        assert examine(health.facts(session, NOON, READ), THRESHOLDS) == ()
        found = examine(health.facts(session, NOON, {"work": ("INBOX", "Old")}), THRESHOLDS)
    assert [problem.key for problem in found] == ["mailbox work"]


def test_metrics_have_no_lag_of_a_removed_folder(store: Store) -> None:
    _removed(store)
    with store.read() as session:
        found = metrics.state(session, NOON, "MANUAL_REVIEW", READ).mailboxes
    assert [(one.mailbox, one.folder) for one in found] == [("work", "INBOX")]
