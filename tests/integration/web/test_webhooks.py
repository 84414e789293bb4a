"""Webhooks by the API: created with a secret that is shown once, listed, shown, replayed, rotated and removed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from daemon.store.models import Event, WebhookDeliveryRow, WebhookRow
from daemon.store.store import Store
from tests.support.http import Web, problem, web
from workers.webhooks.publisher import Publisher

SHOP = {"name": "shop", "url": "https://shop.example/hooks", "events": ["ticket.created"]}


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found


def created(case: Web, **more: Any) -> dict[str, Any]:
    answer = case.client.post("/webhooks", json=SHOP | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def given(case: Web, number: int = 1) -> None:
    """Open tickets and give the webhooks their events."""
    for _ in range(number):
        case.opened()
    Publisher(case.store, case.clock, timedelta(days=30)).publish()


def test_the_secret_is_shown_once(case: Web) -> None:
    answer = case.client.post("/webhooks", json=SHOP)
    secret = answer.json()["secret"]
    assert secret.startswith("whsec_")
    assert (answer.headers["location"], answer.headers["cache-control"]) == ("/webhooks/shop", "no-store")
    with case.store.read() as session:
        assert session.execute(select(WebhookRow.secret)).scalar_one() == secret
        recorded = session.execute(select(Event.data).where(Event.kind == "webhook created")).scalar_one()
    assert recorded["actor"] == "http:all"
    shown = case.client.get("/webhooks").text + case.client.get("/webhooks/shop").text + str(recorded)
    assert secret not in shown


def test_without_events_it_gets_all(case: Web) -> None:
    del (wanted := dict(SHOP))["events"]
    assert len(case.client.post("/webhooks", json=wanted).json()["events"]) == 7


def test_a_name_is_used_once_also_after_its_webhook_was_removed(case: Web) -> None:
    created(case)
    assert problem(case.client.post("/webhooks", json=SHOP)) == (409, "conflict")
    assert case.client.delete("/webhooks/shop").status_code == 204
    assert case.client.get("/webhooks").json() == {"webhooks": []}
    assert problem(case.client.get("/webhooks/shop")) == (404, "not-found")
    assert problem(case.client.delete("/webhooks/shop")) == (404, "not-found")
    assert problem(case.client.post("/webhooks", json=SHOP)) == (409, "conflict")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://shop.example/hooks"}, "body.url"),
        ({"url": "https://u:p@shop.example/"}, "body.url"),
        ({"url": "https://:secret@shop.example/"}, "body.url"),
        ({"url": "ftp://shop.example/"}, "body.url"),
        ({"url": "https://shop.example/" + "x" * 2000}, "body.url"),
        ({"name": "a/b"}, "body.name"),
        ({"name": ".."}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"events": []}, "body.events"),
        ({"events": ["ticket.unknown"]}, "body.events.0"),
        ({"secret": "whsec_mine"}, "body.secret"),
    ],
)
def test_a_wrong_webhook_is_refused_with_its_field(wrong: dict[str, Any], field: str, case: Web) -> None:
    answer = case.client.post("/webhooks", json=SHOP | wrong)
    assert problem(answer) == (422, "invalid")
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert case.client.get("/webhooks").json() == {"webhooks": []}


def test_http_is_for_networks_that_are_allowed(sqlite_store: Store) -> None:
    with web(sqlite_store, webhooks={"allowed_networks": ["10.0.0.0/8"]}) as case:
        assert created(case, url="http://10.1.2.3/")["url"] == "http://10.1.2.3/"


def test_what_a_webhook_gets_is_listed_page_by_page_and_shown(case: Web) -> None:
    created(case)
    given(case, 3)
    first = case.client.get("/webhooks/shop/deliveries", params={"limit": 2})
    assert [one["id"] for one in first.json()["deliveries"]] == [3, 2]
    path = first.headers["link"].partition(">")[0].removeprefix("<")
    rest = case.client.get(path)
    assert [one["id"] for one in rest.json()["deliveries"]] == [1]
    assert "link" not in rest.headers
    shown = case.client.get("/webhooks/shop/deliveries/1").json()
    assert (shown["state"], shown["body"]["type"]) == ("pending", "ticket.created")
    assert case.client.get("/webhooks/shop").json()["pending"] == 3


def test_an_event_is_replayed_by_name_unless_it_is_pending(case: Web) -> None:
    created(case)
    given(case)
    assert problem(case.client.post("/webhooks/shop/deliveries/1/replay")) == (409, "conflict")
    case.store.write(lambda session: session.execute(update(WebhookDeliveryRow).values(state="sent")))
    again = case.client.post("/webhooks/shop/deliveries/1/replay")
    assert again.json()["state"] == "pending"
    with case.store.read() as session:
        kinds = session.execute(select(Event.kind, Event.data).where(Event.kind == "webhook replayed")).all()
    assert [data["actor"] for _, data in kinds] == ["http:all"]


def test_an_event_of_another_webhook_is_not_shown(case: Web) -> None:
    created(case)
    created(case, name="other", events=["ticket.answered"])
    given(case)
    assert problem(case.client.get("/webhooks/other/deliveries/1")) == (404, "not-found")
    assert problem(case.client.post("/webhooks/other/deliveries/1/replay")) == (404, "not-found")
    assert case.client.get("/webhooks/other/deliveries").json() == {"deliveries": []}


def test_a_rotation_shows_the_new_secret(case: Web) -> None:
    before = created(case)["secret"]
    answer = case.client.post("/webhooks/shop/rotate")
    assert answer.json()["secret"] != before
    assert answer.headers["cache-control"] == "no-store"


def test_a_disabled_webhook_is_enabled_again(case: Web) -> None:
    created(case)
    now = case.clock.now()
    case.store.write(lambda s: s.execute(update(WebhookRow).values(disabled_at=now, failing_since=now)))
    assert case.client.get("/webhooks/shop").json()["disabled_at"]
    assert case.client.post("/webhooks/shop/enable").json()["disabled_at"] is None


@pytest.mark.parametrize("path", ["", "/deliveries", "/deliveries/1"])
def test_of_no_webhook_nothing_is_shown(path: str, case: Web) -> None:
    assert problem(case.client.get(f"/webhooks/nobody{path}")) == (404, "not-found")


@pytest.mark.parametrize("path", ["rotate", "enable", "deliveries/1/replay"])
def test_no_webhook_cannot_be_changed(path: str, case: Web) -> None:
    assert problem(case.client.post(f"/webhooks/nobody/{path}")) == (404, "not-found")
