"""The names of users who log in: an address is the same in any case, any other name is not."""

import smtplib
from pathlib import Path

import pytest
import structlog

from daemon.smtp import logins
from daemon.store.store import Store
from daemon.system.logs import RateLimitedLog
from tests.support.smtp_client import Running
from tests.support.smtp_sink import certificate, server_context, trusting

USERS = {"Ben@Example.com": "secret", "relay": "secret"}


@pytest.mark.parametrize(
    ("name", "password", "accepted"),
    [
        ("Ben@Example.com", "secret", True),
        ("ben@example.com", "secret", True),
        ("BEN@EXAMPLE.COM", "secret", True),
        ("ben@example.com", "Secret", False),
        ("ben@example.com", "", False),
        ("ann@example.com", "secret", False),
        ("ann@example.com", "", False),
        ("relay", "secret", True),
        ("Relay", "secret", False),
        ("ben", "secret", False),
    ],
)
def test_an_address_logs_in_in_any_case(
    sqlite_store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    password: str,
    *,
    accepted: bool,
) -> None:
    monkeypatch.setattr(logins, "FIRST_SECONDS", 0.01)
    # A log of its own: what other tests expect in the shared one must not be left out.
    monkeypatch.setattr(logins, "limited", RateLimitedLog(structlog.get_logger(__name__)))
    files = certificate(tmp_path)
    with (
        Running(sqlite_store, tls=server_context(files), require_tls=True, users=USERS) as listening,
        smtplib.SMTP("127.0.0.1", listening.port, timeout=30) as client,
    ):
        client.starttls(context=trusting(files))
        if accepted:
            assert client.login(name, password)[0] == 235
            return
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(name, password)
