"""Webhooks are created, shown once with their secret, listed, replayed, rotated, enabled and removed by commands."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from daemon.store.models import Event, WebhookDeliveryRow, WebhookRow
from tests.support.cli import Case
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, FakeClock
from workers.webhooks.publisher import Publisher

URL = "https://shop.example/hooks"


def created(case: Case, name: str = "shop", *more: str) -> str:
    """Create a webhook and return its secret."""
    made = case.run("webhooks", "create", name, URL, "--actor", "eva", *more)
    assert made.code == 0, made.err
    assert "cannot be shown again" in made.err
    return made.out.strip()


def given(case: Case) -> None:
    """Take an email in and give the webhooks their events."""
    case.opened(inbound(mail()))
    Publisher(case.store, FakeClock(), timedelta(days=30)).publish()


def test_a_webhook_is_shown_with_its_secret_once_listed_without_it_and_removed(case_anywhere: Case) -> None:
    case = case_anywhere
    secret = created(
        case, "shop", "--event", "ticket.decided", "--event", "ticket.created", "--event", "ticket.decided"
    )
    assert secret.startswith("whsec_")
    listed = case.run("webhooks", "list", "--json")
    [row] = listed.rows
    assert (row["name"], row["url"], row["created_by"], row["pending"]) == ("shop", URL, "eva", 0)
    assert row["events"] == ["ticket.decided", "ticket.created"]
    assert secret not in listed.out
    assert case.run("webhooks", "remove", "shop").out == "shop: removed\n"
    assert case.run("webhooks", "list", "--json").out == ""
    assert case.ask(lambda session: session.execute(select(WebhookRow.secret)).scalar_one()) == ""
    events = case.ask(lambda session: session.execute(select(Event.kind, Event.data).order_by(Event.id)).all())
    assert [kind for kind, _ in events] == ["webhook created", "webhook removed"]
    assert all(secret not in str(data) for _, data in events)


def test_a_webhook_shows_what_it_gets_and_replays_it(case_anywhere: Case) -> None:
    case = case_anywhere
    created(case)
    given(case)
    [row] = case.run("webhooks", "show", "shop", "--json").rows
    assert (row["id"], row["type"], row["state"], row["attempts"]) == (1, "ticket.created", "pending", 0)
    assert "is pending" in case.run("webhooks", "replay", "1").out
    case.store.write(lambda session: session.execute(update(WebhookDeliveryRow).values(state="failed", answer="500")))
    assert case.run("webhooks", "show", "shop").out.splitlines()[1].split("\t")[3:6] == ["failed", "0", "500"]
    assert case.run("webhooks", "replay", "1", "--actor", "eva").out == "1: is sent again\n"
    assert case.run("webhooks", "show", "shop", "--json").rows[0]["state"] == "pending"
    data = case.ask(lambda s: s.execute(select(Event.data).where(Event.kind == "webhook replayed")).scalar_one())
    assert data["actor"] == "eva"


def test_a_rotation_prints_another_secret(case: Case) -> None:
    before = created(case)
    after = case.run("webhooks", "rotate", "shop").out.strip()
    assert after.startswith("whsec_")
    row = case.ask(lambda session: session.execute(select(WebhookRow)).scalar_one())
    assert (row.secret, row.old_secret) == (after, before)


def test_a_disabled_webhook_is_enabled(case: Case) -> None:
    created(case)
    case.store.write(lambda session: session.execute(update(WebhookRow).values(disabled_at=NOON, failing_since=NOON)))
    assert case.run("webhooks", "list", "--json").rows[0]["disabled_at"]
    assert case.run("webhooks", "enable", "shop").out == "shop: enabled\n"
    assert case.run("webhooks", "list", "--json").rows[0]["disabled_at"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("create", "shop", "ftp://shop.example/"), 65, "https://shop.example/hooks"),
        (("create", "shop", "https://u:p@shop.example/"), 65, "without name and password"),
        (("create", "shop", "http://shop.example/"), 65, "webhooks.allowed_networks"),
        (("create", "a/b", URL), 65, "letters, digits"),
        (("create", "shop", URL, "--event", "ticket.unknown"), 64, "ticket.created"),
        (("show", "nobody"), 66, "nobody"),
        (("rotate", "nobody"), 66, "nobody"),
        (("enable", "nobody"), 66, "nobody"),
        (("remove", "nobody"), 66, "nobody"),
        (("replay", "7"), 66, "7"),
        (("replay", "x"), 64, "x"),
    ],
)
def test_a_wrong_command_changes_nothing(arguments: tuple[str, ...], code: int, said: str, case: Case) -> None:
    done = case.run("webhooks", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert case.run("webhooks", "list", "--json").out == ""


def test_a_name_is_used_once(case: Case) -> None:
    created(case)
    again = case.run("webhooks", "create", "shop", URL)
    assert (again.code, again.out) == (65, "")
    assert "used again" in again.err


def test_plain_http_needs_a_network_that_is_allowed(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_WEBHOOKS__ALLOWED_NETWORKS", '["10.0.0.0/8"]')
    assert case.run("webhooks", "create", "inside", "http://10.1.2.3/hooks").code == 0
