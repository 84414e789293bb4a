"""Several mail servers: each has pauses of its own, and none takes the emails of another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from config.settings import Settings
from daemon.facts import OutgoingFacts
from tests.support.fake_workers import FakeTransport
from workers.app import outgoing_servers
from workers.policies import brands
from workers.transports.base import AuthenticationFailure, ServerFailure
from workers.transports.servers import MAX_UNANSWERED, WORKS_SECONDS, OutgoingServer, OutgoingServers

NO = AuthenticationFailure("no", 535)
AWAY = ServerFailure("cannot connect to mail.example.com:587: timed out")


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def servers(clock: Seconds) -> OutgoingServers:
    return OutgoingServers(FakeTransport(), {"shop": FakeTransport()}, clock)


def fail(server: OutgoingServer, failure: ServerFailure = AWAY) -> None:
    """Try an email that the server does not take."""
    assert server.enter()
    server.note_failed(failure)
    server.leave()


def seconds_of_pauses(server: OutgoingServer, clock: Seconds, failure: ServerFailure, times: int) -> list[int]:
    """Return how long each pause is after failures one after the other."""
    found = []
    for _ in range(times):
        fail(server, failure)
        began = clock.now
        while server.is_paused:
            clock.now += 1
        found.append(round(clock.now - began))
    return found


def elsewhere(call: Callable[[], bool]) -> bool:
    """Return what another thread is told."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def test_a_server_is_found_by_its_name_and_the_main_one_without(servers: OutgoingServers) -> None:
    assert servers.get("") is servers.main
    assert servers.get("shop").name == "shop"
    assert servers.get("shop") is servers.get("shop")
    assert servers.only is None
    assert OutgoingServers(FakeTransport()).only is not None


def test_a_server_that_rejects_our_login_pauses_alone(servers: OutgoingServers) -> None:
    fail(servers.get("shop"), NO)
    assert [servers.get(name).is_paused for name in ("shop", "")] == [True, False]
    assert servers.facts() == OutgoingFacts(refused="shop: 535 no")
    assert servers.get("shop").state == "waiting for the mail server shop: 535 no"
    fail(servers.main, NO)
    assert servers.main.state == "waiting for the mail server: 535 no"
    servers.main.note_answered()
    servers.get("shop").note_answered()
    assert servers.facts() == OutgoingFacts()


def test_a_rejected_login_is_tried_again_more_and_more_rarely(servers: OutgoingServers, clock: Seconds) -> None:
    # Once a minute for days may lock our account.
    assert seconds_of_pauses(servers.main, clock, NO, 8) == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_server_that_is_away_is_tried_again_within_a_minute(servers: OutgoingServers, clock: Seconds) -> None:
    assert seconds_of_pauses(servers.main, clock, AWAY, 6) == [5, 10, 20, 40, 60, 60]


def test_threads_that_fail_together_pause_it_once(servers: OutgoingServers, clock: Seconds) -> None:
    for _ in range(8):
        servers.main.note_failed(AWAY)
    clock.now += 5
    assert not servers.main.is_paused


def test_only_several_silences_in_a_row_pause_a_server(servers: OutgoingServers) -> None:
    shop = servers.get("shop")
    for _ in range(MAX_UNANSWERED - 1):
        shop.note_unanswered()
    shop.note_answered()
    for _ in range(MAX_UNANSWERED - 1):
        shop.note_unanswered()
    assert not shop.is_paused
    shop.note_unanswered()
    assert (shop.is_paused, servers.main.is_paused) == (True, False)


def test_one_email_is_tried_until_the_server_answers(servers: OutgoingServers, clock: Seconds) -> None:
    main = servers.main
    assert main.enter()
    assert not elsewhere(main.enter)
    assert main.is_closed is False
    assert elsewhere(lambda: main.is_closed)
    main.note_answered()
    assert elsewhere(main.enter)
    main.leave()
    clock.now += WORKS_SECONDS
    assert main.enter()
    assert not elsewhere(main.enter)


def test_an_email_waits_a_moment_for_the_one_that_is_tried(servers: OutgoingServers) -> None:
    main = servers.main
    assert main.enter()
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(main.enter)
        main.note_answered()
        main.leave()
        assert second.result()


def test_a_thread_that_was_interrupted_closes_no_server_for_itself(servers: OutgoingServers) -> None:
    assert servers.main.enter()
    assert servers.main.enter()


def test_the_log_says_once_what_is_wrong_and_once_that_it_is_over(servers: OutgoingServers, clock: Seconds) -> None:
    with capture_logs() as logs:
        seconds_of_pauses(servers.main, clock, AWAY, 3)
        seconds_of_pauses(servers.main, clock, NO, 3)
        servers.main.note_answered()
        servers.main.note_answered()
    assert [row["event"] for row in logs] == [
        "mail server not reached; emails wait in the database",
        "mail server refuses our login; emails wait in the database",
        "mail server reached again",
    ]


@pytest.mark.parametrize("silent", [False, True])
def test_a_server_that_took_no_email_for_ten_minutes_is_a_problem(
    servers: OutgoingServers, clock: Seconds, silent: bool
) -> None:
    def fails() -> None:
        for _ in range(MAX_UNANSWERED):
            if silent:
                servers.main.note_unanswered()
            else:
                servers.main.note_failed(AWAY)

    fails()
    clock.now += 599
    fails()
    assert servers.facts().unreached == ""
    clock.now += 1
    reason = "it does not answer in the middle of emails" if silent else str(AWAY)
    assert servers.facts() == OutgoingFacts(unreached=reason)
    servers.main.note_answered()
    assert servers.facts() == OutgoingFacts()


def test_an_email_that_no_job_repeats_keeps_to_the_pauses(servers: OutgoingServers, clock: Seconds) -> None:
    transport = servers.main.transport
    assert isinstance(transport, FakeTransport)
    transport.failures = [NO]
    for _ in range(5):
        with pytest.raises(ServerFailure):
            servers.main.send("support@example.com", "admin@example.com", b"")
    assert transport.asked == 1
    clock.now += 60
    servers.main.send("support@example.com", "admin@example.com", b"")
    assert not servers.main.is_down


def test_the_emails_of_a_server_that_is_not_known_yet_wait(servers: OutgoingServers) -> None:
    unknown = servers.get("new")
    with pytest.raises(ServerFailure, match="'new' is not known to this process: restart the workers"):
        unknown.transport.send("", "ann@customer.example", b"")
    with pytest.raises(ServerFailure):
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


def test_servers_that_are_all_away_leave_a_thread_free(clock: Seconds) -> None:
    # One name server or firewall for all of them: each held a thread for itself.
    servers = OutgoingServers(FakeTransport(), {"shop": FakeTransport(), "idle": FakeTransport()}, clock, threads=2)
    main, shop = servers.main, servers.get("shop")
    fail(main)
    fail(shop)
    clock.now += 60
    assert main.enter()
    assert not elsewhere(shop.enter)
    assert elsewhere(servers.get("idle").enter)
    main.leave()
    assert shop.enter()
    assert shop.enter()
    shop.leave()
    assert main.enter()
