"""Webhooks: each event once per endpoint, signed, tried again, replayed; one that fails for days is disabled."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from daemon.store import webhook_deliveries, webhooks
from daemon.store.models import Job
from daemon.store.queries import feed, health
from daemon.store.queries.feed_rows import FeedType
from daemon.store.store import Store
from daemon.tickets import webhooks as actions
from daemon.tickets.health import Thresholds, examine
from tests.support.fakes import NOON
from tests.support.http import web
from tests.support.webhooks import Case, Server, serving
from workers.actors.webhook import WebhookActor
from workers.jobs.executor import SnoozeError
from workers.webhooks.client import PostPolicy
from workers.webhooks.publisher import Publisher


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def case(store: Store, server: Server) -> Iterator[Case]:
    with web(store) as helpdesk:
        yield Case(helpdesk, server)


def test_an_event_arrives_once_with_a_right_signature(case: Case) -> None:
    ticket = case.web.opened()
    assert case.publisher.publish() == 1
    assert case.publisher.publish() == 0
    assert case.work() == []
    [(_, sent, body)] = case.server.got
    assert json.loads(body)["type"] == "ticket.created"
    assert json.loads(body)["data"]["ticket"]["reference"] == ticket["reference"]
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(case.secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{digest}"
    assert int(sent["webhook-timestamp"]) == int(NOON.timestamp())
    assert case.states() == ["sent"]


def test_of_two_processes_that_read_the_same_page_one_gives_it(case: Case) -> None:
    case.web.opened()
    with case.store.read() as session:
        [before] = webhooks.endpoints(session)
    assert case.publisher.publish() == 1
    other = Publisher(case.store, case.clock, timedelta(days=30))
    with case.store.read() as session:
        page = feed.read(session, before.cursor, other._gaps)
    assert case.store.write(lambda session: webhook_deliveries.add_page(session, before, page, case.clock.now())) == 0
    assert case.states() == ["pending"]


def test_an_endpoint_gets_the_types_that_it_asked_for(case: Case) -> None:
    case.store.write(lambda session: actions.remove(session, "shop", "test", NOON))
    case.created("closer", FeedType.STATUS)
    ticket = case.web.opened()
    case.web.client.patch(f"/tickets/{ticket['id']}", json={"status": "CLOSED"})
    assert case.publisher.publish() == 1
    case.work()
    assert [json.loads(body)["type"] for _, _, body in case.server.got] == ["ticket.status_changed"]


def test_a_failure_is_tried_again_under_the_same_id(case: Case) -> None:
    case.server.status = 500
    case.web.opened()
    case.publisher.publish()
    [error] = case.work()
    assert isinstance(error, SnoozeError)
    assert error.delay == timedelta(seconds=5)
    assert case.endpoint().failing_since == NOON
    case.server.status = 204
    case.clock.advance(seconds=5)
    assert case.work() == []
    assert len({sent["webhook-id"] for _, sent, _ in case.server.got}) == 1
    assert case.states() == ["sent"]
    assert case.endpoint().failing_since is None


def test_an_endpoint_that_fails_for_days_is_disabled_and_the_admin_alarmed(case: Case) -> None:
    case.server.status = 500
    case.web.opened()
    case.publisher.publish()
    case.work()
    case.clock.advance(days=3)
    case.work()
    assert case.states() == ["failed"]
    assert case.endpoint().disabled_at is not None
    with case.store.read() as session:
        facts = health.facts(session, case.clock.now(), {})
    thresholds = Thresholds(timedelta(days=9), timedelta(days=9), None, 50)
    assert "webhooks" in [problem.key for problem in examine(facts, thresholds)]
    case.web.opened(title="Later")
    assert case.publisher.publish() == 0
    case.store.write(lambda session: actions.enable(session, "shop", "test", case.clock.now()))
    assert case.publisher.publish() == 1


def test_an_endpoint_that_is_gone_is_disabled_at_once(case: Case) -> None:
    case.server.status = 410
    case.web.opened()
    case.publisher.publish()
    assert case.work() == []
    assert case.endpoint().disabled_at is not None


def test_what_waits_for_a_removed_endpoint_is_dropped(case: Case) -> None:
    case.web.opened()
    case.publisher.publish()
    case.store.write(lambda session: actions.remove(session, "shop", "test", NOON))
    assert case.work() == []
    assert (case.states(), case.server.got) == (["dropped"], [])


def test_an_event_is_replayed_under_the_same_id(case: Case) -> None:
    case.web.opened()
    case.publisher.publish()
    case.work()
    assert case.store.write(lambda session: actions.replay(session, 1, "test", NOON))
    assert not case.store.write(lambda session: actions.replay(session, 1, "test", NOON))
    case.work()
    first, second = (sent["webhook-id"] for _, sent, _ in case.server.got)
    assert first == second


def test_after_a_rotation_both_secrets_sign_for_a_day(case: Case) -> None:
    case.store.write(lambda session: actions.rotate(session, "shop", "test", NOON))
    for _ in range(2):
        case.web.opened()
        case.publisher.publish()
        case.work()
        case.clock.advance(days=1)
    assert [len(sent["webhook-signature"].split(" ")) for _, sent, _ in case.server.got] == [2, 1]


def test_no_internal_address_is_reached(case: Case) -> None:
    case.actor = WebhookActor(case.store, case.clock, PostPolicy((), 5))
    case.web.opened()
    case.publisher.publish()
    [error] = case.work()
    assert "not public" in str(error)
    assert case.server.got == []


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "https://", "https://u:p@x.example/", "https://x.example:99999/", "x", "https://x y/"]
)
def test_a_url_that_no_webhook_can_go_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        actions.check_url(url)


def test_the_secret_is_in_no_event_and_no_list(case: Case) -> None:
    with case.store.read() as session:
        shown = str(webhooks.lines(session)) + str(session.execute(select(Job)).all())
    assert case.secret not in shown
