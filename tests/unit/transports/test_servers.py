"""Several mail servers: each has pauses of its own, and none takes the emails of another."""

import pytest

from config.settings import Settings
from tests.support.fake_workers import FakeTransport
from workers.app import outgoing_servers
from workers.policies import brands
from workers.transports.base import TemporaryFailure
from workers.transports.servers import UNANSWERED_AT_MOST, OutgoingServers


@pytest.fixture
def servers() -> OutgoingServers:
    return OutgoingServers(FakeTransport(), {"shop": FakeTransport()})


def test_a_server_is_found_by_its_name_and_the_main_one_without(servers: OutgoingServers) -> None:
    assert servers.get("") is servers.main
    assert servers.get("shop").name == "shop"
    assert servers.get("shop") is servers.get("shop")


def test_a_server_that_rejects_our_login_pauses_alone(servers: OutgoingServers) -> None:
    servers.get("shop").note_refused("535 no")
    assert [servers.get(name).is_paused for name in ("shop", "")] == [True, False]
    assert not servers.all_paused
    assert servers.refused == "shop: 535 no"
    assert servers.get("shop").state == "outgoing mail through shop is paused: the smarthost refused our credentials"
    servers.main.note_refused("535 no")
    assert servers.all_paused
    assert servers.main.state == "outgoing mail is paused: the smarthost refused our credentials"
    servers.main.note_sent()
    servers.get("shop").note_sent()
    assert servers.refused == ""


def test_only_several_silences_in_a_row_pause_a_server(servers: OutgoingServers) -> None:
    shop = servers.get("shop")
    for _ in range(UNANSWERED_AT_MOST - 1):
        shop.note_unanswered()
    shop.note_sent()
    for _ in range(UNANSWERED_AT_MOST - 1):
        shop.note_unanswered()
    assert not shop.is_paused
    shop.note_unanswered()
    assert (shop.is_paused, servers.main.is_paused) == (True, False)


def test_the_emails_of_a_server_that_is_not_known_yet_wait(servers: OutgoingServers) -> None:
    unknown = servers.get("new")
    with pytest.raises(TemporaryFailure, match="'new' is not known to this process: restart the workers"):
        unknown.transport.send("", "ann@customer.example", b"")
    with pytest.raises(TemporaryFailure):
        unknown.transport.probe()


@pytest.mark.parametrize(("transport", "known"), [("smtp", True), ("maildir", False)])
def test_while_emails_are_written_to_a_maildir_no_server_is_used(transport: str, known: bool) -> None:
    server = {"name": "shop", "host": "mail.shop.example"}
    address = {"address": "billing@shop.example", "server": "shop"}
    settings = Settings(
        outgoing={"transport": transport, "servers": [server], "security": "none"}, support={"addresses": [address]}
    )
    found = outgoing_servers(settings)
    assert found.get("shop").transport is not found.main.transport
    assert brands(settings).main.server == ("shop" if known else "")
