"""GET /metrics: what Prometheus scrapes, computed at most once in a few seconds.

The database is asked at the time of the scrape, so the figures are right whichever process is asked, and a flood of
scrapes costs no more than one.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import Final

from fastapi import FastAPI, Request, Response
from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.datastructures import Headers
from starlette.types import Scope as AsgiScope

from config.settings import Settings
from daemon.mail.envelope import HTTP
from daemon.store.queries import metrics
from daemon.store.queries.metrics import Position
from daemon.system.counters import COUNTERS
from daemon.tickets.access import Scope
from daemon.web.auth import Caller
from daemon.web.monitoring import families
from daemon.web.monitoring.cached import Cached
from daemon.web.monitoring.families import Tally
from daemon.web.problems import Problem, ProblemError
from daemon.web.services import WebServices

PATH: Final = "/metrics"
CACHED_SECONDS: Final = 5.0
# Through a reverse proxy, everybody comes from its address.
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def may_scrape(scope: AsgiScope, headers: Headers, networks: Sequence[str]) -> bool:
    """Return whether a request for metrics needs no token: it comes from one of the networks, through no proxy."""
    client = scope.get("client")
    if not client or any(name in headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


class Scraper:
    """Computes the families; follows the rows that came since the first scrape."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._tally = Tally()
        self._position: Position | None = None
        self._lock = Lock()

    def read(self) -> list[Metric]:
        """Return the families; asks the database."""
        services = self._services
        now = services.clock.now()
        with self._lock, services.store.read() as session:
            found = metrics.state(session, now, services.settings.triage.review_team, services.settings.folders)
            if self._position is None:
                self._position = metrics.newest(session)
            self._tally.expect(_sources(services.settings), [one.name for one in services.settings.categories])
            news = metrics.follow(session, self._position, now)
            self._tally.add(news)
            self._position = news.position
            return [
                *families.of_store(found),
                *families.of_tally(self._tally),
                *families.of_process(COUNTERS),
                families.room(enough=services.has_room()),
            ]


def _sources(settings: Settings) -> Iterator[str]:
    """Yield where email may come from, as the ledger names it."""
    if settings.smtp.enabled:
        yield str(settings.smtp.protocol)
    if settings.imap:
        yield "imap"
    yield HTTP


class _Read(Collector):
    """A collector of families that were computed before."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """Return the families."""
        return self._found


def install(app: FastAPI, services: WebServices) -> None:
    """Serve /metrics. It is no operation of the API and not in its document."""
    COUNTERS.on = True
    scraper = Scraper(services)
    cached = Cached(lambda: services.run(scraper.read), CACHED_SECONDS)

    async def scrape(request: Request) -> Response:
        caller: Caller | None = request.scope.get("triaged.caller")
        if caller is not None and Scope.METRICS_READ not in caller.token.scopes:
            detail = f"the token {caller.token.name} lacks the scope {Scope.METRICS_READ}"
            raise ProblemError(Problem.FORBIDDEN, detail)
        registry = CollectorRegistry()
        registry.register(_Read(await cached.get()))
        ProcessCollector(registry=registry)
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    app.add_api_route(PATH, scrape, include_in_schema=False)
