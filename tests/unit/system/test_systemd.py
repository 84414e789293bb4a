"""Without systemd, and with variables that are meant for another process."""

import os

import pytest

from daemon.system import systemd


@pytest.mark.parametrize("where", ["", "/nowhere/notify"])
def test_notify_without_systemd_does_nothing(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", where)
    systemd.notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [("30000000", None, 30.0), ("30000000", "1", None), ("", None, None), ("x", None, None)],
)
def test_the_watchdog_time_is_used_only_by_the_process_it_is_for(
    usec: str, pid: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert systemd.watchdog_seconds() == seconds


def test_sockets_for_another_process_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    assert systemd.listen_sockets() == []


@pytest.mark.parametrize(
    ("names", "http", "others"),
    [
        ("http:smtp", [3], [4]),
        ("smtp:http", [4], [3]),
        ("http:http", [3, 4], []),
        ("", [], [3, 4]),
        ("http", [3], [4]),
        ("smtp:lmtp:http", [], [3, 4]),
    ],
)
def test_sockets_are_told_apart_by_the_name_that_their_unit_gives_them(
    names: str, http: list[int], others: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "2")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDNAMES", names)
    assert systemd._descriptors(http=True) == http
    assert systemd._descriptors(http=False) == others
