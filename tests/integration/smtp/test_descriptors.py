"""The listener when file descriptors run out: few lines in the log, and clients are served again."""

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.emails import mail
from tests.support.fakes import eventually
from tests.support.real_process import RealProcess, real_process

CLIENTS = 300


@contextmanager
def connected(running: RealProcess, number: int) -> Iterator[list[socket.socket]]:
    """Open connections that say nothing."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection(("127.0.0.1", running.port), 30)) for _ in range(number)]


def descriptors(running: RealProcess) -> int:
    return len(list(Path(f"/proc/{running.process.pid}/fd").iterdir()))


def deliver(running: RealProcess) -> str:
    with running.client() as client:
        return client.hello().deliver(mail()) if client.greeting.startswith("220") else client.greeting


def test_connections_leave_descriptors_for_the_database(tmp_path: Path) -> None:
    limits = {"LIMITS__CONNECTIONS": "1000", "LIMITS__CONNECTIONS_PER_ADDRESS": "1000"}
    with real_process(tmp_path, "daemon", prepare="ulimit -n 128", **limits) as running:
        with connected(running, CLIENTS) as clients:
            served = [client for client in clients if client.recv(3) == b"220"]
            assert len(served) == 64
            served[0].close()
            eventually(lambda: deliver(running).startswith("250 2.0.0"))
        logged = running.logged()
    assert "connections cannot be accepted" not in logged
    warnings = [json.loads(line) for line in logged.splitlines() if "fewer connections than" in line]
    assert [(w["connections"], w["configured"]) for w in warnings] == [(64, 1000)]
    assert len(logged) < 20_000


def test_without_a_free_descriptor_the_listener_waits_and_logs_little(tmp_path: Path) -> None:
    with real_process(tmp_path, "daemon", LIMITS__CONNECTIONS_PER_ADDRESS="1000") as running:
        with running.client() as client:
            assert client.hello().deliver(mail()).startswith("250 2.0.0")
            pid, most = running.process.pid, resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors(running), most[1]))
            with connected(running, CLIENTS):
                eventually(lambda: "connections cannot be accepted" in running.logged())
                # Those who are connected are served all the same.
                assert client.say("NOOP") == "250 OK"
                resource.prlimit(pid, resource.RLIMIT_NOFILE, most)
                eventually(lambda: descriptors(running) > CLIENTS)
        assert deliver(running).startswith("250 2.0.0")
        logged = running.logged()
    # One a minute; asyncio wrote 512 a second.
    assert logged.count("connections cannot be accepted") < 10
    assert len(logged) < 50_000
