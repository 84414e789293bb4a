"""The test email reaches the listener with each of its configurations."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from daemon.cli import main
from daemon.store.models import InboundRow
from daemon.store.store import Store
from tests.support.ports import free_port
from tests.support.smtp_client import Running
from tests.support.smtp_sink import certificate, server_context


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


def settings(monkeypatch: pytest.MonkeyPatch, port: int, **smtp: str) -> None:
    for key, value in {"listen": f"127.0.0.1:{port}", **smtp}.items():
        monkeypatch.setenv(f"TRIAGED_SMTP__{key.upper()}", value)


@pytest.mark.parametrize("lmtp", [False, True])
@pytest.mark.parametrize("kind", ["plain", "tls", "users"])
def test_the_test_email_is_stored(
    sqlite_store: Store,
    tls: tuple[Path, Path],
    kind: str,
    lmtp: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    how: dict[str, Any] = {"lmtp": lmtp}
    smtp = {"protocol": "lmtp" if lmtp else "smtp"}
    if kind != "plain":
        how |= {"tls": server_context(tls), "require_tls": True}
        smtp |= {"certificate": str(tls[0]), "key": str(tls[1]), "require_tls": "true"}
    if kind == "users":
        how |= {"users": {"relay": "secret"}}
        smtp |= {"users": '{"relay": "secret"}'}
    with Running(sqlite_store, **how) as running:
        settings(monkeypatch, running.port, **smtp)
        assert main(["send-test", "--subject", "Cannot log in"]) == 0
    assert capsys.readouterr().out.startswith("250 2.0.0 Stored as HD-")
    with sqlite_store.read() as session:
        assert session.execute(select(InboundRow.disposition)).scalars().all() == ["ticket"]


def test_a_listener_that_is_not_running_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    settings(monkeypatch, port)
    assert main(["send-test"]) == 75
    assert f"no listener at 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_refusal_is_reported_with_the_reply_to_the_refused_command(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Running(sqlite_store) as running:
        settings(monkeypatch, running.port)
        assert main(["send-test", "--from", "no address"]) == 65
    assert "refused the email: 5" in (error := capsys.readouterr().err)
    assert "RCPT first" not in error
