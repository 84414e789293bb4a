"""The documents of the API: the OpenAPI document, and Swagger UI from files of our own.

`python -m daemon.web.documents` writes docs/openapi.json; a test compares it with the application.
"""

import json
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse

from daemon.web.problems import ProblemDetails
from daemon.web.static_files import OwnFiles

FILES: Final = Path(__file__).parent / "static" / "swagger-ui"
WRITTEN: Final = Path(__file__).parent.parent.parent / "docs" / "openapi.json"
DESCRIPTION: Final = (
    "Tickets, emails, jobs and triage of a triaged helpdesk. Each request needs a token of `triaged tokens create`. "
    "Errors are problem details (RFC 9457); docs/API.md explains each type. All times are in UTC."
)
# Swagger UI sets styles on elements and draws with data: images. No script but our own files, nothing from elsewhere.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>triaged API</title>
<link rel="stylesheet" href="docs/files/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/files/swagger-ui-bundle.js"></script>
<script src="docs/files/start.js"></script>
</body>
</html>
"""


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application, without the version of the program, which changes nothing."""
    found = get_openapi(title=app.title, version="1", description=app.description, routes=app.routes)
    schemas = found["components"]["schemas"]
    made = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    schemas["ProblemDetails"] = made
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return found


def install(app: FastAPI) -> None:
    """Serve the documents, which need no token: they say nothing of this installation."""
    written: list[bytes] = []

    async def openapi() -> Response:
        # As bytes: to write 140 KB of JSON for each request would take three milliseconds of the event loop.
        if not written:
            written.append(bytes(JSONResponse(document(app)).body))
        return Response(written[0], media_type="application/json", headers={"Cache-Control": "no-cache"})

    async def page() -> Response:
        return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    app.add_api_route("/openapi.json", openapi, include_in_schema=False)
    app.add_api_route("/docs", page, include_in_schema=False)
    app.mount("/docs/files", OwnFiles(directory=FILES))


def text() -> str:
    """Return docs/openapi.json."""
    # The documents depend on the routes only.
    from daemon.web.app import add_routes  # noqa: PLC0415 - the application imports us

    app = FastAPI(title="triaged", description=DESCRIPTION)
    add_routes(app)
    return json.dumps(document(app), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(text(), encoding="utf-8")
