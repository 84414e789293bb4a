"""The HTTP application: its routers and what surrounds every request.

The API lives at the root (/tickets, /mail, ...), pages live below /ui, and neither has a route of the other.
"""

from importlib.metadata import version

from fastapi import FastAPI

from daemon.web.services import WebServices


def create_app(services: WebServices) -> FastAPI:
    """Return the application; request handlers find `services` as `app.state.services`."""
    app = FastAPI(title="triaged", version=version("triaged"), docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    return app
