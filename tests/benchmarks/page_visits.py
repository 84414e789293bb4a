"""The pages and requests of the benchmark of pages, and their measurement in turns."""

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from fastapi.testclient import TestClient

from daemon.store.queries.tickets import TicketFilter, list_tickets
from tests.benchmarks import seed
from tests.benchmarks.waits import percentile
from tests.support.fakes import NOON
from tests.support.http import Web
from tests.support.pages import MEMBER, signed_in

WARM_UP: Final = 3
# A page that costs far more than it may is not measured for minutes.
LONGEST_SECONDS: Final = 20.0


@dataclass(slots=True)
class Visit:
    """A path, who asks for it, and how long each answer took (ms)."""

    name: str
    client: TestClient
    path: str
    times: list[float] = field(default_factory=list)

    def measure(self, *, counts: bool) -> None:
        """Ask once."""
        if sum(self.times) > 1000 * LONGEST_SECONDS:
            return
        began = time.perf_counter()
        answer = self.client.get(self.path)
        taken = 1000 * (time.perf_counter() - began)
        assert answer.status_code == 200, (self.path, answer.status_code, answer.text[:500])
        if counts:
            self.times.append(taken)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return percentile(sorted(self.times), 95)


def visits(case: Web, tickets: int) -> list[Visit]:
    """Return everything that is measured in a helpdesk of so many tickets."""
    browser = signed_in(case, MEMBER)
    pages = [Visit(name, browser, path) for name, path in _pages(case)]
    return pages + [Visit(name, case.client, path) for name, path in _requests(tickets)]


def _pages(case: Web) -> Iterator[tuple[str, str]]:
    with case.store.read() as session:
        [line, *_] = list_tickets(session, TicketFilter(), 1)
    yield "inbox", "/ui"
    yield "inbox, any status", "/ui?status=ALL"
    yield "inbox, closed", "/ui?status=CLOSED"
    yield "inbox, a status that none has", "/ui?status=RESOLVED"
    yield "inbox, a team", "/ui?team=PAYMENTS_TEAM"
    yield "inbox, a category", "/ui?category=Login"
    yield "inbox, a team and its category", "/ui?team=PAYMENTS_TEAM&category=Payments"
    yield "inbox, a team and a category that it never has", "/ui?status=ALL&team=TECH_SUPPORT&category=Payments"
    yield "inbox, a category and a status that none has", "/ui?status=RESOLVED&category=Payments"
    yield "inbox, a phrase that all have", "/ui?text=order"
    yield "inbox, a phrase that few have", "/ui?status=ALL&text=number+is+9"
    yield "inbox, a phrase that none has", "/ui?status=ALL&text=zebra+crossing"
    yield "inbox, a phrase of other letters that none has", "/ui?status=ALL&text=%C3%BCberweisung"
    yield "inbox, an address", "/ui?status=ALL&text=customer7%40shop7.example"
    yield "inbox, the second page", _second_page(case)
    yield "ticket", f"/ui/tickets/{line.reference}"
    yield "trace of a ticket", f"/ui/tickets/{line.reference}/trace"
    yield "review", "/ui/review"
    yield "mail", "/ui/mail"
    yield "mail, parked", "/ui/mail?state=parked"
    yield "mail, a sender that none has", "/ui/mail?from=zebra"
    yield "mail, one", "/ui/mail/5"
    for days in (7, 30, 90):
        yield f"insight, {days} days", f"/ui/insight?days={days}"


def _second_page(case: Web) -> str:
    found = re.search(r"cursor=([^\"&]+)", signed_in(case, MEMBER).get("/ui").text)
    assert found is not None
    return f"/ui?cursor={found[1]}"


def _requests(tickets: int) -> Iterator[tuple[str, str]]:
    week = f"{NOON - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    yield "GET /tickets", "/tickets"
    yield "GET /tickets of a status", "/tickets?status=OPEN"
    yield "GET /tickets of a requester", f"/tickets?requester={seed.requester(7, tickets)}"
    yield "GET /tickets of a requester and a status", f"/tickets?status=CLOSED&requester={seed.requester(7, tickets)}"
    yield "GET /tickets with a phrase that none has", "/tickets?text=zebra"
    yield "GET /tickets since a week", f"/tickets?since={week}"
    yield "GET /tickets changed since a week", f"/tickets?updated_since={week}"
    yield "GET /tickets of a status, changed ever", "/tickets?status=RESOLVED&updated_since=2020-01-01T00:00:00Z"
    yield "GET /mail", "/mail"
    yield "GET /jobs", "/jobs"
    yield "GET /deliveries", "/deliveries"
    yield "GET /stats", "/stats"
