"""GET /healthz: the process lives. GET /readyz: it can accept, because database and disk can be used."""

import asyncio
from typing import Final

import structlog
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import text

from daemon.store.errors import UNREACHABLE
from daemon.system.logs import RateLimitedLog
from daemon.web.monitoring.cached import Cached
from daemon.web.services import WebServices

limited = RateLimitedLog(structlog.get_logger(__name__))

HEALTHZ: Final = "/healthz"
READYZ: Final = "/readyz"
CACHED_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0
STUCK_SECONDS: Final = 25.0


def install(app: FastAPI, services: WebServices) -> None:
    """Serve the probes. They need no token and say nothing of the installation but what fails."""
    cached = Cached(lambda: _failures(services), CACHED_SECONDS)

    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    async def readyz() -> Response:
        failures = await cached.get()
        status = {"ready": not failures, "failing": failures}
        return JSONResponse(status, 503 if failures else 200, {"Retry-After": "5"} if failures else None)

    app.add_api_route(HEALTHZ, healthz, include_in_schema=False)
    app.add_api_route(READYZ, readyz, include_in_schema=False)


async def _failures(services: WebServices) -> list[str]:
    """Return what keeps the process from accepting: database, disk."""
    failures = []
    try:
        # A database that hangs keeps its thread; the probe must answer all the same.
        async with asyncio.timeout(ANSWER_SECONDS):
            usable = await services.run(lambda: _is_usable(services))
    except TimeoutError:
        usable = False
    if not usable:
        failures.append("database")
    if not services.has_room():
        failures.append("disk")
    if failures:
        limited.warning("not ready", key=str(failures), failing=failures)
    return failures


def _is_usable(services: WebServices) -> bool:
    store = services.store
    if store.is_lost() or store.writer.stuck_seconds() >= STUCK_SECONDS:
        return False
    try:
        with store.read() as session:
            session.execute(text("SELECT 1"))
    except UNREACHABLE:
        return False
    return True
