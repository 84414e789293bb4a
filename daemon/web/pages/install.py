"""Add the pages and their files to the application."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse

from config.schema import Oidc
from daemon.web.pages import contents, demo, guard, inbox, insight, mail, models, review, system, ticket
from daemon.web.pages.page import Page, PageError, Route
from daemon.web.pages.sign_in import SignInPages
from daemon.web.services import WebServices
from daemon.web.static_files import OwnFiles

FILES: Final = Path(__file__).parent.parent / "static" / "ui"


def to_inbox(page: Page) -> Response:
    """Lead to the inbox."""
    return page.redirect("/ui")


def nothing(_page: Page) -> Response:
    """Say that there is no such page; raises PageError."""
    raise PageError(404, "There is no such page.")


# Behind all others, since the last one answers every path.
OTHER: Final = (Route("GET", "/ui/", to_inbox, None), Route("GET", "/ui/{rest:path}", nothing, None))


def routes() -> tuple[Route, ...]:
    """Return every page."""
    return (
        *SignInPages().routes,
        *inbox.ROUTES,
        *ticket.ROUTES,
        *contents.ROUTES,
        *review.ROUTES,
        *mail.ROUTES,
        *system.ROUTES,
        *insight.ROUTES,
        *models.ROUTES,
        *demo.ROUTES,
    )


def install(app: FastAPI, services: WebServices) -> None:
    """Serve the pages below /ui; the root leads there."""
    app.mount("/ui/files", OwnFiles(directory=FILES))
    http = services.settings.http
    for route in (*routes(), *(_oidc(http.oidc, services) if http.oidc else ()), *OTHER):
        guard.add(app.router, route)

    async def root() -> Response:
        return RedirectResponse(f"{http.root_path}/ui", 303)

    app.add_api_route("/", root, include_in_schema=False)


def _oidc(settings: Oidc, services: WebServices) -> tuple[Route, ...]:
    from daemon.web.pages.oidc_sign_in import OidcPages  # noqa: PLC0415 - its libraries only where they are used

    return OidcPages(settings, services.clock, services.settings.http.threads).routes
