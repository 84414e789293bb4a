"""The two kinds of a running triaged that a conversation is told on, each with its checks at the end."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import text

from daemon.store import keys
from daemon.store.store import Store
from tests.faults.kit import Kit
from tests.faults.system import POSTGRES, System
from tests.support.conversation import Desk
from tests.support.fakes import FakeClock
from tests.support.helpdesk import MEMBER, Helpdesk, settings_for
from tests.support.outgoing_checks import faults
from tests.support.smtp_sink import Sink

TEAMS: Final = ("PAYMENTS_TEAM", "IDENTITY_TEAM", "TECH_SUPPORT", "GENERAL_SUPPORT", "MANUAL_REVIEW")
MANY: Final = 10_000


def _address(team: str) -> str:
    return "review@example.com" if team == "MANUAL_REVIEW" else f"{team.lower().replace('_', '-')}@example.com"


# The setting that makes MEMBER one of every team.
TEAMS_OF_MEMBER: Final = json.dumps([{"name": name, "email": _address(name), "members": [MEMBER]} for name in TEAMS])


@contextmanager
def in_process(
    state: Path, examples: Path, models: Path, *, plus_addressing: bool = True, **sections: object
) -> Iterator[Desk]:
    """Run triaged on SQLite in this process; at the end every email is read that has its token in Reply-To."""
    state.mkdir(mode=0o700)
    shutil.copytree(models, state / "models")
    (state / "models").chmod(0o700)
    clock = FakeClock()
    with Sink() as sink:
        settings = settings_for(state, sink, examples)
        limits = settings.limits.model_copy(update={"notifications_per_team_hour": MANY, "connections_per_address": 99})
        settings = settings.model_copy(update={"limits": limits, **sections})
        with Helpdesk(settings, sink, clock) as helpdesk:
            helpdesk.work()

            def settle() -> None:
                helpdesk.idle()
                clock.advance(seconds=1)

            def query(statement: str, **values: object) -> list[object]:
                with helpdesk.store.read() as session:
                    return list(session.execute(text(statement), values).all())

            keyring = helpdesk.runtime.keyring
            desk = Desk(
                lambda: helpdesk.port, lambda: list(sink.received), settle, query, clock.now, lambda: keyring.value
            )
            yield desk
            if plus_addressing:
                check(desk)


@contextmanager
def two_workers() -> Iterator[Desk]:
    """Run a daemon and two workers as processes of their own, on PostgreSQL and Redis."""
    # Patient, because an email that is late on a slow machine comes after those that answer it.
    extra = {"TRIAGED_TEAMS": TEAMS_OF_MEMBER, "TRIAGED_OUTGOING__TIMEOUT_SECONDS": "60"}
    with Kit() as kit, System(kit, POSTGRES, extra=extra) as system:

        def settle() -> None:
            assert system.drain(), system.tail()

        desk = Desk(
            lambda: system.port, lambda: list(system.sink.received), settle, system.query, _now, lambda: _keys(system)
        )
        yield desk
        code, said = system.command("db", "verify")
        assert code == 0, said
        check(desk)


def check(desk: Desk) -> None:
    """Read every email that went out, and find every delivery sent."""
    wrong = list(faults(desk.taken(), desk.keys()))
    assert not wrong, "\n".join(wrong)
    assert [tuple(row) for row in desk.query("SELECT id, state FROM job WHERE state NOT IN ('done', 'ready')")] == []


def _keys(system: System) -> tuple[bytes, ...]:
    store = Store(system.url)
    try:
        with store.read() as session:
            return keys.load(session, _now())
    finally:
        store.close()


def _now() -> datetime:
    return datetime.now(UTC)
