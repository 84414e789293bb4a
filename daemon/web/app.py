"""The HTTP application: its routers, and what surrounds every request.

The API lives at the root (/tickets, /mail, ...), pages live below /ui, and neither has a route of the other.
"""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from daemon.store.queries.feed import Gaps
from daemon.web import documents, problems
from daemon.web.api import (
    actions,
    answers,
    conversation,
    deliveries,
    events,
    files,
    jobs,
    mail,
    messages,
    models,
    new_ticket,
    stats,
    tickets,
    triage,
    webhooks,
)
from daemon.web.middleware import RequestGuard
from daemon.web.monitoring import metrics, probes
from daemon.web.pages import failure
from daemon.web.pages import install as pages
from daemon.web.peer import Peer
from daemon.web.services import WebServices

ROUTERS = tuple(
    part.router
    for part in (
        *(new_ticket, tickets, messages, files, conversation, actions, answers, mail, jobs),
        *(deliveries, triage, stats, models, events, webhooks),
    )
)


def create_app(services: WebServices) -> FastAPI:
    """Return the application; request handlers find `services` as `app.state.services`."""
    around = [Middleware(RequestGuard, services=services)]
    if services.settings.http.trusted_proxies:
        around.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=[*services.settings.http.trusted_proxies]))
    around.insert(0, Middleware(Peer))
    app = FastAPI(
        title="triaged",
        version=version("triaged"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        description=documents.DESCRIPTION,
        middleware=around,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.feed_gaps = Gaps()
    problems.install(app, lambda request, error: failure.answer(services.settings, request, error))
    add_routes(app)
    documents.install(app)
    pages.install(app, services)
    probes.install(app, services)
    metrics.install(app, services)
    return app


def add_routes(app: FastAPI) -> None:
    """Add the operations of the API."""
    # Not by include_router, which builds each operation a second time, at the first request of every application.
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
