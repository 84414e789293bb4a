"""A database file that cannot be read is an outage: the sender is asked to come again, and no email is parked."""

from pathlib import Path

import pytest

from daemon.store.errors import UNREACHABLE
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from tests.support.emails import inbound, mail
from tests.support.smtp_client import POLICY

PAGE = 4096


def test_an_email_is_deferred_while_the_database_is_damaged(sqlite_url: str) -> None:
    # A failed read showed itself as "database disk image is malformed", and every email was parked as our own fault.
    store = Store(sqlite_url)
    Intake(store, POLICY, lambda _: None).accept(inbound(mail(body="before")))
    store.close()
    _damage(Path(store.engine.url.database or ""))
    damaged = Store(sqlite_url)
    try:
        with pytest.raises(UNREACHABLE):
            Intake(damaged, POLICY, lambda _: None).accept(inbound(mail(body="after")))
    finally:
        damaged.close()


def _damage(file: Path) -> None:
    """Overwrite every page but the first, which holds the schema's root."""
    raw = file.read_bytes()
    file.write_bytes(raw[:PAGE] + b"\x5a" * (len(raw) - PAGE))
