"""Refused logins: each one is slower than the one before, they are forgotten, and memory is bounded."""

import json
import re
from collections.abc import Iterator

import pytest

from daemon.smtp import logins
from daemon.smtp.logins import RefusedLogins, network_of
from daemon.system import logs
from tests.support.paths import ROOT

PEER = "192.0.2.1"


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def refused(time: Time) -> RefusedLogins:
    return RefusedLogins(time)


def guess(refused: RefusedLogins, time: Time, peer: str = PEER) -> float:
    """Guess once, and wait for the answer; return how long that took."""
    before, wait = time.now, refused.take_turn(peer)
    assert wait is not None
    time.now += wait
    time.now += refused.refuse(peer)
    return time.now - before


def test_each_refused_login_is_slower_than_the_one_before(refused: RefusedLogins, time: Time) -> None:
    assert [guess(refused, time) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_guesses_that_wait_for_no_answer_are_as_slow(refused: RefusedLogins, time: Time) -> None:
    for _ in range(10):
        refused.refuse(PEER)
    checked = 0
    for _ in range(600):
        # A client that leaves at once and comes back, twenty times a second.
        wait = refused.take_turn(PEER)
        checked += wait == 0.0
        time.now += 0.05
    assert checked <= 1
    assert refused.take_turn(PEER) is None


def test_the_first_login_and_those_of_others_never_wait(refused: RefusedLogins, time: Time) -> None:
    for _ in range(9):
        guess(refused, time)
    assert refused.take_turn("192.0.2.2") == 0.0


def test_a_right_password_ends_the_waiting(refused: RefusedLogins, time: Time) -> None:
    for _ in range(3):
        guess(refused, time)
    refused.refuse(PEER)
    refused.accept(PEER)
    assert refused.take_turn(PEER) == 0.0


def test_refused_logins_are_forgotten_after_an_hour(refused: RefusedLogins, time: Time) -> None:
    guess(refused, time)
    assert (refused.within_an_hour, refused.addresses) == (1, 1)
    time.now += logins.REMEMBERED_SECONDS + logins.BUCKET_SECONDS
    assert refused.take_turn(PEER) == 0.0
    assert (refused.within_an_hour, refused.addresses) == (0, 0)
    assert guess(refused, time) == logins.FIRST_SECONDS


def test_the_memory_is_bounded(refused: RefusedLogins) -> None:
    for number in range(logins.MAX_ADDRESSES + 500):
        refused.refuse(f"host {number}")
    assert refused.addresses == logins.MAX_ADDRESSES
    assert refused.within_an_hour == logins.MAX_ADDRESSES + 500
    assert len(refused._minutes) == 1


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("local", "local"),
    ],
)
def test_addresses_of_one_network_count_together(peer: str, network: str) -> None:
    assert network_of(peer) == network


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    logs.configure("info", "json")
    yield
    logs.configure("debug", "json")


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("peer", [PEER, "2001:db8::1"])
def test_the_documented_filter_finds_the_peer_in_the_log(peer: str, capfd: pytest.CaptureFixture[str]) -> None:
    RefusedLogins().refuse(peer)
    line = capfd.readouterr().err
    assert json.loads(line)["peer"] == peer
    documented = re.search(r"^ *failregex = (.*)$", (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8"), re.MULTILINE)
    assert documented
    found = re.match(documented[1].replace("<HOST>", r"(?P<host>[\d.a-fA-F:]+)"), line)
    assert found
    assert found["host"] == peer
