"""A flood of forged senders: honest customers are acknowledged, teams get a digest, and the admin is alerted."""

import json
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.store.models import DeliveryRow, Job
from tests.support.emails import ANN, mail
from tests.support.fakes import eventually
from tests.support.helpdesk import Helpdesk, read, text_of

ADMIN = "admin@example.com"
BOB = "bob@other.example"
FORGED = 30
ALLOWED = 24


def limit(helpdesk: Helpdesk, **limits: int) -> None:
    """Start the workers with low limits, and an admin."""
    settings = helpdesk.settings
    helpdesk.settings = settings.model_copy(
        update={
            "limits": settings.limits.model_copy(update=limits),
            "service": settings.service.model_copy(update={"admin": ADMIN}),
        }
    )
    helpdesk.work()


def flood(helpdesk: Helpdesk) -> None:
    for number in range(FORGED):
        forged = f"victim{number}@domain{number}.example"
        answer = helpdesk.send(mail(forged, body=f"Amount debited but not credited, {number}"), forged)
        assert answer.startswith("250 ")


def got(helpdesk: Helpdesk, recipient: str) -> int:
    return sum(taken.rcpts == [recipient] for taken in helpdesk.sink.received)


def state_of(helpdesk: Helpdesk, recipient: str) -> list[str]:
    return [row.state for row in helpdesk.rows(DeliveryRow) if row.recipient == recipient]  # type: ignore[attr-defined]


def test_a_flood_of_forged_senders_does_not_silence_honest_customers(
    helpdesk: Helpdesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limit(helpdesk, acknowledgements_per_hour=ALLOWED, acknowledgements_per_stranger_day=9)
    helpdesk.send(mail())
    helpdesk.emails(2)
    helpdesk.idle()
    (acknowledgement,) = [read(taken.content) for taken in helpdesk.sink.received if taken.rcpts == [ANN]]
    reply = mail(subject=f"Re: {acknowledgement['Subject']}", in_reply_to=acknowledgement["Message-ID"], body="Thanks")
    helpdesk.send(reply, ANN, acknowledgement["Reply-To"].addresses[0].addr_spec)

    flood(helpdesk)
    helpdesk.send(mail(body="Another question"))
    helpdesk.send(mail(BOB, body="My first question"), BOB)
    helpdesk.idle()
    # Ann has shown that she reads email at her address, Bob has not.
    assert (got(helpdesk, ANN), got(helpdesk, BOB)) == (2, 0)
    assert state_of(helpdesk, BOB) == ["deferred"]

    assert helpdesk._worker_app is not None
    assert "deferred" in [problem.key for problem in helpdesk._worker_app._monitor.check()]
    assert got(helpdesk, ADMIN) == 1
    url = helpdesk.store.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TRIAGED_DATABASE__URL", url)
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(tmp_path / "state"))
    assert main(["check", "--live"]) == 75
    assert "acknowledgements must wait" in capsys.readouterr().out
    assert main(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deliveries"]["deferred"] == FORGED + 2 - ALLOWED

    helpdesk.clock.advance(hours=1, minutes=1)
    eventually(lambda: got(helpdesk, BOB) == 1)
    helpdesk.idle()
    assert state_of(helpdesk, BOB) == ["sent"]


def test_a_flood_notifies_a_team_by_one_digest(helpdesk: Helpdesk) -> None:
    limit(helpdesk, notifications_per_team_hour=3, acknowledgements_per_hour=0)
    flood(helpdesk)
    helpdesk.idle()
    eventually(lambda: len(helpdesk.sink.received) == 3)
    helpdesk.clock.advance(minutes=16)
    digest = helpdesk.emails(4)[-1]
    helpdesk.idle()
    assert len(helpdesk.sink.received) == 4
    assert digest["Subject"] == f"{FORGED - 3} tickets for PAYMENTS_TEAM"
    listed = text_of(digest)
    assert sum(f"victim{number}@domain{number}.example" in listed for number in range(FORGED)) == FORGED - 3
    assert not [job for job in helpdesk.rows(Job) if job.state != "done"]  # type: ignore[attr-defined]
