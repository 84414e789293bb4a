"""A monitor of health that nothing is wrong with."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from daemon.facts import ProcessFacts
from daemon.store import keys
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.tickets.health import Thresholds
from tests.support.fakes import FakeClock
from workers.monitor import HealthMonitor
from workers.transports.base import Transport
from workers.transports.servers import OutgoingServers

ADMIN: Final = "admin@example.com"


def monitor(
    store: Store,
    clock: FakeClock,
    transport: Transport | OutgoingServers,
    admin: str | None = ADMIN,
    *,
    daily_report: bool = True,
    has_space: Callable[[], bool] = lambda: True,
) -> HealthMonitor:
    servers = transport if isinstance(transport, OutgoingServers) else OutgoingServers(transport)
    return HealthMonitor(
        store,
        clock,
        servers,
        Keyring(store.write(lambda session: keys.ensure(session, clock.now()))),
        sender="support@example.com",
        admin=admin,
        message_id_domain="example.com",
        mailboxes={},
        thresholds=Thresholds(timedelta(minutes=5), timedelta(minutes=15), None, 50),
        process_facts=lambda: ProcessFacts(room=has_space(), outgoing=servers.facts()),
        daily_report=daily_report,
    )
