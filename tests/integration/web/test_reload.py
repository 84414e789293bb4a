"""A reload reaches the pages: who left the settings is signed out, in every process that serves HTTP."""

import http.client
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets import sign_in
from daemon.web.pages.page import SESSION
from tests.support.fakes import eventually
from tests.support.ports import free_port
from tests.support.real_process import RealProcess, real_process

MEMBER = "ana@example.com"
SECRET = "s" * 43
TEAM = '[[teams]]\nname = "{name}"\nemail = "{email}"\nmembers = [{members}]\n'
NAMES = ("PAYMENTS_TEAM", "IDENTITY_TEAM", "TECH_SUPPORT", "GENERAL_SUPPORT", "MANUAL_REVIEW")


def configure(path: Path, members: str) -> None:
    teams = (
        TEAM.format(name=name, email=f"{name.lower()}@example.com", members=members if at == 0 else "")
        for at, name in enumerate(NAMES)
    )
    path.write_text("\n".join(teams), encoding="utf-8")


def signed_in(running: RealProcess) -> None:
    store, now = Store(f"sqlite:///{running.state / 'triaged.db'}"), SystemClock().now()
    store.write(
        lambda session: sign_in.web_sessions.add(
            session, sign_in.digest_of(SECRET), MEMBER, now, now + timedelta(days=1)
        )
    )
    store.close()


def page(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/ui", headers={"Cookie": f"{SESSION}={SECRET}", "Host": "localhost"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("command", ["daemon", "web"])
def test_a_member_who_left_the_settings_is_signed_out_by_a_reload(command: str, tmp_path: Path) -> None:
    config, port = tmp_path / "triaged.toml", free_port()
    configure(config, f'"{MEMBER}"')
    how = {"CONFIG": str(config), "HTTP__ENABLED": "true", "HTTP__LISTEN": f"127.0.0.1:{port}"}
    with real_process(tmp_path, command, event="serving http", **how) as running:
        signed_in(running)
        assert MEMBER in page(port)
        configure(config, "")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: '"event": "configuration reloaded"' in running.logged(), 60)
        assert MEMBER not in page(port)
        assert running.process.poll() is None
