"""Counters exist with 0 before their first event, so that Prometheus sees the first as an increase."""

import pytest

from daemon.store.store import Store
from daemon.system.counters import HTTP_STATUSES, SMTP_CODES, ProcessCounters
from daemon.web.monitoring.families import of_process
from daemon.web.monitoring.metrics import Scraper
from daemon.web.problems import Problem
from tests.integration.web.test_monitoring import samples_of
from tests.support.http import web


def test_what_comes_after_the_first_scrape_is_an_increase(sqlite_store: Store) -> None:
    with web(
        sqlite_store, imap=[{"name": "inbox", "host": "imap.example.com", "username": "u", "password": "p"}]
    ) as case:
        scraper = Scraper(case.services)
        first = samples_of(scraper)
        for source in ("smtp", "imap", "http"):
            for state in ("ticket", "follow-up", "parked"):
                assert first[f'triaged_emails_total{{"source": "{source}", "state": "{state}"}}'] == 0
        assert first['triaged_decisions_total{"category": "Payments", "by": "fallback"}'] == 0
        assert first['triaged_overrides_total{"category": "Payments"}'] == 0
        case.opened()
        case.clock.advance(seconds=11)
        assert samples_of(scraper)['triaged_emails_total{"source": "http", "state": "ticket"}'] == 1


def test_the_protocol_of_the_listener_names_the_source(sqlite_store: Store) -> None:
    with web(sqlite_store, smtp={"protocol": "lmtp"}) as case:
        sources = {key.split('"')[3] for key in samples_of(Scraper(case.services)) if "triaged_emails_total" in key}
    assert sources == {"lmtp", "http"}


@pytest.mark.parametrize(("name", "expected"), [("smtp_replies", SMTP_CODES), ("http_answers", HTTP_STATUSES)])
def test_what_a_process_counts_begins_with_0(name: str, expected: tuple[str, ...]) -> None:
    counters = ProcessCounters()
    [family] = [one for one in of_process(counters) if one.name == f"triaged_{name}"]
    found = {next(iter(sample.labels.values())): sample.value for sample in family.samples}
    assert found == dict.fromkeys(expected, 0)


def test_every_status_of_a_problem_is_there() -> None:
    assert {str(problem.status) for problem in Problem} <= set(HTTP_STATUSES)
