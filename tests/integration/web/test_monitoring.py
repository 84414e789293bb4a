"""Metrics and probes: right figures, bounded cost, no stranger; dashboard and alert rules name what exists."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from sqlalchemy import event, insert, update

from daemon.store import jobs
from daemon.store.jobs import JobKind, NewJob
from daemon.store.models import Alarm, Decision, ImapCursor, Job, Ticket, WebhookRow
from daemon.store.store import Store
from daemon.system.counters import COUNTERS, Histogram, ProcessCounters
from daemon.tickets.access import Scope
from daemon.vocabulary import Subject, SubjectKind
from daemon.web.monitoring import cached
from daemon.web.monitoring.metrics import Scraper
from tests.support.fakes import NOON
from tests.support.http import Web, problem, web
from tests.support.paths import ROOT
from workers.webhooks.publisher import Publisher

MONITORING: Final = ROOT / "docs" / "monitoring"
RULES: Final = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD: Final = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
OPENMETRICS: Final = {"Accept": "application/openmetrics-text; version=1.0.0"}
WORDS_OF_PROMQL: Final = {"by", "and", "max", "min", "sum", "rate", "increase", "histogram_quantile", "clamp_min", "up"}

Samples = dict[str, float]


@pytest.fixture
def mailboxes() -> tuple[str, ...]:
    """Return the names of the mailboxes in the settings."""
    return ()


@pytest.fixture
def case(store: Store, mailboxes: tuple[str, ...]) -> Iterator[Web]:
    imap = [{"name": name, "host": "imap.example.com", "username": "u", "password": "p"} for name in mailboxes]
    with web(store, imap=imap) as found:
        yield found


def local(case: Web, address: str = "127.0.0.1") -> TestClient:
    """Return a client without a token at an address."""
    return TestClient(case.app, "http://localhost", raise_server_exceptions=False, client=(address, 50000))


def samples(case: Web) -> Samples:
    """Return the samples by name and labels, as a new process that was scraped before sees them."""
    return samples_of(Scraper(case.services))


def samples_of(scraper: Scraper) -> Samples:
    return {
        sample.name + json.dumps(sample.labels): sample.value for family in scraper.read() for sample in family.samples
    }


def opened(case: Web, **values: Any) -> None:
    """Open a ticket and change its row."""
    case.opened()
    case.store.write(lambda session: session.execute(update(Ticket).values(**values)))


class TestMetrics:
    def test_both_formats_are_valid(self, case: Web) -> None:
        case.opened()
        openmetrics = local(case).get("/metrics", headers=OPENMETRICS)
        assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
        names = {family.name for family in parse_openmetrics(openmetrics.text)}
        assert {"triaged_jobs", "triaged_emails", "triaged_build", "triaged_commit_seconds"} <= names
        plain = local(case).get("/metrics")
        assert plain.headers["content-type"].startswith("text/plain")
        assert any(family.name == "triaged_jobs" for family in parse_text(plain.text))

    def test_emails_and_decisions_are_counted_since_the_first_scrape_once_they_are_settled(self, case: Web) -> None:
        case.opened()
        scraper = Scraper(case.services)
        scraper.read()
        case.opened(title="Another")
        decided(case, by="model", confidence=0.93)
        key = 'triaged_emails_total{"source": "http", "state": "ticket"}'
        assert samples_of(scraper)[key] == 0
        case.clock.advance(seconds=11)
        found = samples_of(scraper)
        assert found[key] == 1
        assert found['triaged_decisions_total{"category": "Payments", "by": "model"}'] == 1
        assert found['triaged_decision_confidence_bucket{"le": "0.9"}'] == 0
        assert found['triaged_decision_confidence_bucket{"le": "0.95"}'] == 1
        assert samples_of(scraper)[key] == 1

    def test_a_correction_of_the_category_is_an_override_and_one_of_the_priority_is_none(self, case: Web) -> None:
        case.opened()
        scraper = Scraper(case.services)
        scraper.read()
        first = decided(case, by="model")
        second = decided(case, by="person", category="Login", replaces=first)
        decided(case, by="person", category="Login", priority="Low", replaces=second)
        case.clock.advance(seconds=11)
        found = samples_of(scraper)
        assert found['triaged_overrides_total{"category": "Payments"}'] == 1
        assert found['triaged_overrides_total{"category": "Login"}'] == 0

    def test_the_review_queue_shows_its_length_and_age(self, case: Web) -> None:
        opened(case, assigned_team="MANUAL_REVIEW", created_at=NOON - timedelta(hours=1))
        found = samples(case)
        assert found["triaged_review_tickets{}"] == 1
        assert found["triaged_review_oldest_age_seconds{}"] == 3600
        assert found['triaged_tickets{"status": "OPEN", "category": "PENDING"}'] == 1

    def test_jobs_show_their_states_and_the_age_of_the_oldest_due(self, case: Web) -> None:
        new = NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, 1), NOON)
        case.store.write(lambda session: jobs.add(session, [new, new]))
        case.store.write(lambda session: session.execute(update(Job).where(Job.id == 1).values(state="dead")))
        case.clock.advance(seconds=90)
        found = samples(case)
        assert (found['triaged_jobs{"state": "dead"}'], found['triaged_jobs{"state": "ready"}']) == (1, 1)
        assert found["triaged_job_oldest_due_age_seconds{}"] == 90

    @pytest.mark.parametrize("mailboxes", [("a", "b")])
    def test_mailboxes_show_their_lag_and_problems_their_key(self, case: Web) -> None:
        row = {"uidvalidity": 1, "last_uid": 1, "folder": "INBOX", "last_mail_at": None}
        old = row | {"account": "a", "polled_at": NOON - timedelta(minutes=5), "error": "timeout"}
        never = row | {"account": "b", "polled_at": None, "error": ""}
        case.store.write(lambda session: session.execute(insert(ImapCursor), [old, never]))
        alarms = [{"key": key, "text": "", "since": NOON, "told_at": None} for key in ("dead", "daily report")]
        case.store.write(lambda session: session.execute(insert(Alarm), alarms))
        found = samples(case)
        assert found['triaged_imap_lag_seconds{"mailbox": "a", "folder": "INBOX"}'] == 300
        assert found['triaged_imap_failed{"mailbox": "a", "folder": "INBOX"}'] == 1
        assert found['triaged_imap_lag_seconds{"mailbox": "b", "folder": "INBOX"}'] == float("inf")
        assert [key for key in found if key.startswith("triaged_problem")] == ['triaged_problem{"key": "dead"}']

    def test_webhooks_show_what_they_were_not_sent_and_for_how_long_they_fail(self, case: Web) -> None:
        hook = {"name": "shop", "url": "https://shop.example/hooks", "events": ["ticket.created"]}
        case.client.post("/webhooks", json=hook)
        case.opened()
        Publisher(case.store, case.clock, timedelta(days=30)).publish()
        case.store.write(lambda session: session.execute(update(WebhookRow).values(failing_since=NOON)))
        case.clock.advance(seconds=90)
        found = samples(case)
        assert found['triaged_webhook_pending{"webhook": "shop"}'] == 1
        assert found['triaged_webhook_oldest_age_seconds{"webhook": "shop"}'] == 90
        assert found['triaged_webhook_failing_seconds{"webhook": "shop"}'] == 90
        assert found['triaged_webhook_disabled{"webhook": "shop"}'] == 0

    def test_the_model_is_that_of_the_last_decision(self, case: Web) -> None:
        case.opened()
        decided(case, by="model", model="20260301-120000-abc")
        decided(case, by="person")
        found = samples(case)
        assert found['triaged_model_info{"version": "20260301-120000-abc"}'] == 1
        assert found["triaged_model_age_seconds{}"] == 86400

    def test_a_flood_of_scrapes_asks_the_database_once(self, case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cached, "monotonic", lambda: 0.0)
        asked: list[str] = []
        client = local(case)
        assert client.get("/metrics").status_code == 200
        event.listen(case.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        assert {client.get("/metrics").status_code for _ in range(20)} == {200}
        assert asked == []


def decided(case: Web, **values: Any) -> int:
    """Add a decision on the first ticket, and return its id."""
    row = {
        "ticket_id": 1,
        "at": case.clock.now(),
        "by": "model",
        "category": "Payments",
        "priority": "High",
        "confidence": 1.0,
        "team": "PAYMENTS_TEAM",
        "reasons": [],
        "alternatives": [],
        "audit": False,
        **values,
    }
    made = insert(Decision).values(row).returning(Decision.id)
    return case.store.write(lambda session: session.execute(made).scalar_one())


class TestAccess:
    def test_loopback_needs_no_token_and_a_stranger_does(self, case: Web) -> None:
        assert local(case).get("/metrics").status_code == 200
        assert local(case, "::1").get("/metrics").status_code == 200
        assert problem(local(case, "192.0.2.7").get("/metrics")) == (401, "unauthorized")

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
    def test_what_comes_through_a_proxy_needs_a_token(self, header: str, case: Web) -> None:
        assert problem(local(case).get("/metrics", headers={header: "127.0.0.1"})) == (401, "unauthorized")

    def test_a_token_needs_the_scope(self, case: Web) -> None:
        right = case.client_with(case.new_token("prometheus", Scope.METRICS_READ))
        wrong = case.client_with(case.new_token("others", *(one for one in Scope if one is not Scope.METRICS_READ)))
        assert right.get("/metrics").status_code == 200
        assert problem(wrong.get("/metrics")) == (403, "forbidden")

    def test_networks_are_a_setting(self, sqlite_store: Store) -> None:
        with web(sqlite_store, http={"metrics_networks": ["192.0.2.0/24"]}) as case:
            assert local(case, "192.0.2.7").get("/metrics").status_code == 200
            assert problem(local(case).get("/metrics")) == (401, "unauthorized")


class TestProbes:
    def test_a_healthy_process_lives_and_is_ready(self, case: Web) -> None:
        assert case.stranger.get("/healthz").text == "ok\n"
        answer = case.stranger.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "failing": []})

    def test_a_process_without_disk_space_is_not_ready(self, case: Web) -> None:
        case.room = False
        answer = case.stranger.get("/readyz")
        assert (answer.status_code, answer.json()["failing"]) == (503, ["disk"])
        assert case.stranger.get("/healthz").status_code == 200

    def test_a_process_without_its_database_is_not_ready(self, case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(case.store, "is_lost", lambda: True)
        assert case.stranger.get("/readyz").json()["failing"] == ["database"]

    def test_a_busy_process_lives(self, sqlite_store: Store) -> None:
        with web(sqlite_store, http={"requests": 1}) as case:
            inner: list[int] = []
            other = case.client_with(case.token)

            def busy() -> bool:
                inner.extend((other.get("/healthz").status_code, other.get("/readyz").status_code))
                return True

            case.services_room(busy)
            case.opened()
            assert inner == [200, 503]


class TestCounters:
    def test_nothing_is_counted_while_off(self) -> None:
        found = ProcessCounters()
        found.smtp_reply("250 ok")
        found.committed(1.0)
        assert (+found.smtp_replies, sum(found.commits.numbers)) == ({}, 0)

    def test_a_reply_counts_by_its_code(self) -> None:
        found = ProcessCounters(on=True)
        for reply in ("250 2.0.0 ok", b"250 ok", "451 4.3.0 later"):
            found.smtp_reply(reply)
        assert +found.smtp_replies == {"250": 2, "451": 1}

    def test_a_value_on_a_bound_is_within_it(self) -> None:
        found = Histogram((1.0, 2.0))
        for value in (1.0, 1.5, 9.0):
            found.add(value)
        assert found.cumulative() == [(1.0, 1), (2.0, 2), (float("inf"), 3)]
        assert found.sum == 11.5

    def test_commits_are_timed_once_http_is_served(self, case: Web) -> None:
        before = sum(COUNTERS.commits.numbers)
        case.store.write(lambda _: None)
        assert sum(COUNTERS.commits.numbers) == before + 1


class TestDocuments:
    def test_every_metric_and_label_that_dashboard_and_alerts_name_exists(self, case: Web) -> None:
        offered = offered_by(case)
        for where, expression in expressions():
            for name in re.findall(r"\btriaged_\w+", expression):
                assert name in offered, f"{where}: {name}"
            known = set().union(*(offered[name] for name in re.findall(r"\btriaged_\w+", expression)))
            for group in re.findall(r"by \(([^)]*)\)", expression):
                labels = {label.strip() for label in group.split(",")}
                assert labels <= known, f"{where}: {labels}"
            for name, matchers in re.findall(r"(\btriaged_\w+)\{([^}]*)\}", expression):
                labels = set(re.findall(r"(\w+)=", matchers))
                assert labels
                assert labels <= offered[name], f"{where}: {name} {labels}"

    def test_every_family_is_documented(self, case: Web) -> None:
        operations = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
        named = set(re.findall(r"`(triaged_\w+)`", operations))
        families = {family.name for family in Scraper(case.services).read()}
        assert families - {re.sub(r"_(total|info)$", "", name) for name in named} == set()

    def test_every_alert_and_panel_explains_itself(self) -> None:
        assert all(panel["title"] and panel["targets"] for panel in DASHBOARD["panels"])
        shown = " ".join(expression for _, expression in expressions())
        assert {"triaged_jobs", "triaged_webhook_failing_seconds", "triaged_imap_lag_seconds"} <= set(
            re.findall(r"\btriaged_\w+", shown)
        )

    def test_the_rules_are_complete(self) -> None:
        assert len({rule["alert"] for rule in RULES}) == len(RULES) > 10
        for rule in RULES:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
            assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m")), rule["alert"]
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert {"summary", "action"} <= rule["annotations"].keys()

    def test_the_panels_do_not_overlap(self) -> None:
        taken: set[tuple[int, int]] = set()
        for panel in DASHBOARD["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells


def expressions() -> list[tuple[str, str]]:
    """Return every expression with the panel or alert that it is of."""
    panels = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*panels, *((rule["alert"], rule["expr"]) for rule in RULES)]


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_an_expression_is_balanced_and_uses_known_functions(where: str, expression: str) -> None:
    bare = re.sub(r'"[^"]*"', '""', expression)
    for opening, closing in ("()", "[]", "{}"):
        assert bare.count(opening) == bare.count(closing), where
    assert set(re.findall(r"\b([a-z_]+)\s*\(", bare)) <= WORDS_OF_PROMQL


def offered_by(case: Web) -> dict[str, set[str]]:
    """Return the names of all samples that there can be, each with the labels of its family."""
    found: dict[str, set[str]] = {}
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "info": ["_info"], "gauge": [""]}
    for family in Scraper(case.services).read():
        labels = {*getattr(family, "_labelnames", ())}
        labels |= {"le"} if family.type == "histogram" else {"version"} if family.type == "info" else set()
        found.update({family.name + suffix: labels for suffix in suffixes[family.type]})
    return found
