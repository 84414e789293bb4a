"""What `triaged check` advises is needed, and what ends with a failure holds email up."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from daemon.store.models import WebhookRow
from tests.support.cli import Case
from tests.support.fakes import NOON
from tests.support.small_model import older_version


def test_a_model_of_another_version_is_replaced_by_a_restart(
    case: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with older_version(bare / "var", monkeypatch):
        pass
    found = case.run("check", "--quiet").out
    said = " ".join(found[found.index("warn  model:") :].split())
    assert "made by another version of triaged" in said
    assert "a restart does so, too" in said


def test_a_disabled_webhook_holds_no_email_up(case: Case) -> None:
    hook = {"name": "shop", "url": "https://shop.example/hooks", "events": ["ticket.created"], "created_by": "anna"}
    times = {"created_at": NOON, "failing_since": NOON, "disabled_at": NOON, "secret": "whsec_x", "cursor": "0"}
    case.store.write(lambda session: session.execute(insert(WebhookRow), [hook | times]))
    outcome = case.run("check", "--live")
    assert "warn  health: Disabled after failures for days: webhook shop." in outcome.out
    assert outcome.code == 0
