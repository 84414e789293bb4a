"""Write metrics as Prometheus families: names, help, types and labels, in one place. Pure but for the library."""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from daemon.store.queries.metrics import News, StoreMetrics
from daemon.system.counters import Histogram, ProcessCounters
from daemon.vocabulary import DecidedBy, Disposition

CONFIDENCE_BOUNDS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


@dataclass(slots=True)
class Tally:
    """What came since the first scrape, counted by what the families show."""

    emails: Counter[tuple[str, str]] = field(default_factory=Counter)
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    overrides: Counter[str] = field(default_factory=Counter)
    confidence: Histogram = field(default_factory=lambda: Histogram(CONFIDENCE_BOUNDS))

    def expect(self, sources: Iterable[str], categories: Sequence[str]) -> None:
        """Begin what may come with 0, so that the first of a kind is an increase and not a new series."""
        for labels in product(sources, Disposition):
            self.emails.setdefault(labels, 0)
        for name in categories:
            self.overrides.setdefault(name, 0)
            for by in DecidedBy:
                self.decisions.setdefault((name, by), 0)

    def add(self, news: News) -> None:
        """Count what came."""
        for email in news.emails:
            self.emails[email.source, email.disposition] += 1
        for made in news.decisions:
            self.decisions[made.category, made.by] += 1
            if made.overrides is not None:
                self.overrides[made.overrides] += 1
            if made.first:
                self.confidence.add(made.confidence)


def of_store(found: StoreMetrics) -> Iterator[Metric]:
    """Yield the families of what the database knows."""
    now = found.now
    text = "Tickets that are not finished, by status and category."
    tickets = GaugeMetricFamily("triaged_tickets", text, labels=("status", "category"))
    for (status, category), number in sorted(found.tickets.items()):
        tickets.add_metric((status, category), number)
    yield tickets
    yield _single("triaged_review_tickets", "Open tickets that wait for a person to route them.", found.review)
    yield _single(
        "triaged_review_oldest_age_seconds",
        "Age of the oldest open ticket that waits for a person to route it; 0 without one.",
        _age(found.review_since, now),
    )
    yield _gauge("triaged_jobs", "Jobs that are not done, by state.", "state", found.jobs)
    yield _single(
        "triaged_job_oldest_due_age_seconds",
        "For how long the oldest waiting job has been due; 0 without one.",
        _age(found.job_due_since, now),
    )
    yield _gauge("triaged_deliveries", "Outgoing emails that were not sent, by state.", "state", found.deliveries)
    ages = {state: _age(found.deliveries_since.get(state), now) for state in found.deliveries}
    text = "Age of the oldest outgoing email in a state; 0 without one."
    yield _gauge("triaged_delivery_oldest_age_seconds", text, "state", ages)
    yield _single("triaged_parked_emails", "Emails that could not be processed and wait for an admin.", found.parked)
    yield _single("triaged_unreadable_emails", "Emails in mailboxes that could not be read.", found.unreadable)
    yield from _mailboxes(found)
    yield from _webhooks(found)
    text = "Problems of the installation that last now, by key; triaged check --live explains them."
    yield _gauge("triaged_problem", text, "key", dict.fromkeys(found.problems, 1))
    yield from _model(found)


def of_tally(tally: Tally) -> Iterator[Metric]:
    """Yield the families of what came since the first scrape."""
    emails = CounterMetricFamily(
        "triaged_emails",
        "Emails that came in since the first scrape, by source and disposition.",
        labels=("source", "state"),
    )
    for labels, number in sorted(tally.emails.items()):
        emails.add_metric(labels, number)
    yield emails
    text = "Decisions on tickets since the first scrape, by category and by what decided."
    decisions = CounterMetricFamily("triaged_decisions", text, labels=("category", "by"))
    for labels, number in sorted(tally.decisions.items()):
        decisions.add_metric(labels, number)
    yield decisions
    text = "Decisions since the first scrape whose category a person replaced by another, by the replaced category."
    yield _counter("triaged_overrides", text, "category", tally.overrides)
    text = "Confidence of the first decisions on tickets since the first scrape."
    yield _histogram("triaged_decision_confidence", text, tally.confidence)


def of_process(counters: ProcessCounters) -> Iterator[Metric]:
    """Yield the families of what only this process sees."""
    text = "Replies of the SMTP and LMTP listener of this process, by code."
    yield _counter("triaged_smtp_replies", text, "code", counters.smtp_replies)
    text = "SMTP and LMTP sessions of this process that were admitted."
    yield CounterMetricFamily("triaged_smtp_sessions", text, counters.smtp_sessions)
    text = "SMTP and LMTP clients that are connected to this process."
    yield _single("triaged_smtp_clients", text, counters.smtp_sessions - counters.smtp_sessions_ended)
    text = "Durations of the transactions of this process, from their first statement to their commit."
    yield _histogram("triaged_commit_seconds", text, counters.commits)
    yield _counter("triaged_http_answers", "HTTP answers of this process, by status.", "status", counters.http_answers)
    built = {"version": version("triaged"), "python": platform.python_version()}
    yield InfoMetricFamily("triaged_build", "The running version.", built)


def room(*, enough: bool) -> Metric:
    """Return the family that says whether there is disk space for new email."""
    return _single("triaged_disk_has_room", "Whether there is disk space for new email.", int(enough))


def _mailboxes(found: StoreMetrics) -> Iterator[Metric]:
    labels = ("mailbox", "folder")
    text = "For how long a folder of a mailbox has not been read completely; +Inf if never."
    ages = GaugeMetricFamily("triaged_imap_lag_seconds", text, labels=labels)
    failed = GaugeMetricFamily("triaged_imap_failed", "Whether the last reading of a folder failed.", labels=labels)
    for one in found.mailboxes:
        age = _age(one.polled_at, found.now) if one.polled_at else float("inf")
        ages.add_metric((one.mailbox, one.folder), age)
        failed.add_metric((one.mailbox, one.folder), int(one.failed))
    yield ages
    yield failed


def _webhooks(found: StoreMetrics) -> Iterator[Metric]:
    by_name = {one.name: one for one in found.webhooks}
    text = "Events that a webhook was not sent yet; at about 100, it is given no more for now."
    yield _gauge("triaged_webhook_pending", text, "webhook", {name: one.pending for name, one in by_name.items()})
    text = "Age of the oldest event that a webhook was not sent yet; 0 without one."
    ages = {name: _age(one.oldest, found.now) for name, one in by_name.items()}
    yield _gauge("triaged_webhook_oldest_age_seconds", text, "webhook", ages)
    text = "For how long a webhook has failed; 0 while it works."
    failing = {name: _age(one.failing_since, found.now) for name, one in by_name.items()}
    yield _gauge("triaged_webhook_failing_seconds", text, "webhook", failing)
    text = "Whether a webhook was disabled because it failed."
    disabled = {name: int(one.is_disabled) for name, one in by_name.items()}
    yield _gauge("triaged_webhook_disabled", text, "webhook", disabled)


def _model(found: StoreMetrics) -> Iterator[Metric]:
    info = InfoMetricFamily("triaged_model", "The version of the model that decided last.", labels=())
    age = GaugeMetricFamily("triaged_model_age_seconds", "Age of the model that decided last.")
    if found.model:
        info.add_metric((), {"version": found.model})
        made = _made_at(found.model)
        if made is not None:
            age.add_metric((), _age(made, found.now))
    yield info
    yield age


def _made_at(model: str) -> datetime | None:
    """Return when a model was made, which its version begins with, None for a version of another form."""
    try:
        return datetime.strptime(model[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _single(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _gauge(name: str, text: str, label: str, values: "dict[str, int] | dict[str, float]") -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((str(key),), value)
    return family


def _counter(name: str, text: str, label: str, values: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, text, labels=(label,))
    for key, value in sorted(values.items()):
        family.add_metric((key,), value)
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    buckets = [("+Inf" if bound == float("inf") else str(bound), number) for bound, number in histogram.cumulative()]
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=histogram.sum)
