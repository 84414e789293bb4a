"""How the service opens its sockets."""

import asyncio
import resource
import socket

import pytest
from sqlalchemy import select

from config.schema import Health, Http, Team
from config.settings import Settings
from daemon.relay import Relay
from daemon.service import Service
from daemon.store.keys import Keyring
from daemon.store.models import Alarm
from daemon.store.store import Store
from daemon.system import tuning
from daemon.system.binding import Address, bind
from daemon.vocabulary import Authentication
from tests.support.fakes import FakeClock


async def nodelay() -> int:
    served: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.set_result(writer)

    async with await asyncio.start_server(connected, sock=bind("smtp.listen", "127.0.0.1:0")) as server:
        _, client = await asyncio.open_connection(*server.sockets[0].getsockname())
        ours = await served
        delay: int = ours.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (ours, client):
            writer.close()
            await writer.wait_closed()
    return delay


def test_an_answer_of_several_lines_is_not_held_back_until_the_client_acknowledges_the_first() -> None:
    # asyncio turns Nagle's algorithm off only on sockets that name their protocol: an EHLO took 44 ms on the loopback.
    assert asyncio.run(nodelay())


@pytest.mark.parametrize(
    ("open_files", "wanted", "allowed"),
    [(1024, 1000, 824), (65536, 1000, 1000), (128, 1000, 64), (1, 10, 1), (resource.RLIM_INFINITY, 1000, 1000)],
)
def test_connections_are_bound_to_the_limit_of_open_files(
    open_files: int, wanted: int, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (open_files, open_files))
    assert tuning.connections_within_limit(wanted) == allowed


def test_an_address_is_shown_as_host_and_port() -> None:
    assert str(Address("127.0.0.1", 25)) == "127.0.0.1:25"
    assert str(Address("::1", 25)) == "[::1]:25"


@pytest.mark.parametrize(("threshold", "number", "keys"), [(3, 3, ["logins"]), (3, 2, []), (0, 50, [])])
def test_the_service_reports_refused_logins_from_the_threshold_on(
    threshold: int, number: int, keys: list[str], sqlite_store: Store
) -> None:
    settings = Settings(http=Http(enabled=False), health=Health(refused_logins=threshold))
    service = Service(
        settings, sqlite_store, Relay(sqlite_store, lambda _: None, FakeClock()), Keyring(()), FakeClock()
    )
    for _ in range(number):
        service._listener.logins.refuse("192.0.2.1")
    service._report_refused_logins()
    service._report_refused_logins()
    sqlite_store.write(lambda _: None)
    with sqlite_store.read() as session:
        assert session.execute(select(Alarm.key)).scalars().all() == keys


def test_a_reload_takes_the_power_of_a_member_who_left(sqlite_store: Store) -> None:
    team = {"name": "MANUAL_REVIEW", "email": "review@example.com"}
    others = [Team(name=one.name, email=one.email) for one in Settings().teams if one.name != "MANUAL_REVIEW"]
    before = Settings(teams=(Team(**team, members=("ana@example.com",)), *others))
    relay = Relay(sqlite_store, lambda _: None, FakeClock())
    service = Service(before, sqlite_store, relay, Keyring((b"k" * 32,)), FakeClock())
    service.reload(Settings(teams=(Team(**team), *others), conversation={"authentication": "submission"}))
    assert not any(one.includes("ana@example.com") for one in service.intake.identity.teams)
    assert service.intake.identity.conversation.authentication is Authentication.SUBMISSION
    assert service.intake.identity.keys == (b"k" * 32,)
