"""Problem details (RFC 9457): every error that the API answers, by name. docs/API.md explains each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from daemon.store.errors import UNREACHABLE
from daemon.web.validation import message_of

MEDIA_TYPE: Final = "application/problem+json"
URN: Final = "urn:triaged:problem:"
MOST_FIELDS: Final = 20
RETRY_SECONDS: Final = 1
# A stream has no end, so it has no headers that describe it: HEAD is not offered there.
STREAM_PATH: Final = "/events"


class Problem(Enum):
    """The kinds of problems: name in the type URI, status and title."""

    BAD_REQUEST = ("bad-request", 400, "The request cannot be read")
    BAD_HOST = ("bad-host", 400, "This host name is not served")
    UNAUTHORIZED = ("unauthorized", 401, "A valid token is needed")
    FORBIDDEN = ("forbidden", 403, "The token may not do this")
    NOT_FOUND = ("not-found", 404, "There is nothing here")
    METHOD = ("method-not-allowed", 405, "This method is not offered here")
    TIMEOUT = ("timeout", 408, "The request took too long to arrive")
    CONFLICT = ("conflict", 409, "The present state forbids it")
    CHANGED = ("changed", 412, "It was changed in the meantime")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    MEDIA = ("unsupported-media-type", 415, "The body is not JSON")
    INVALID = ("invalid", 422, "A field is not valid")
    KEY_REUSED = ("idempotency-key-reused", 422, "The Idempotency-Key belongs to another request")
    RATE = ("rate-limited", 429, "Too many requests with this token")
    INTERNAL = ("internal", 500, "Our own code failed")
    UNAVAILABLE = ("unavailable", 503, "Not now; try again")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug, self.status, self.title = slug, status, title

    @property
    def type(self) -> str:
        """Return the type URI."""
        return URN + self.slug


class FieldProblem(BaseModel):
    """What is wrong with one field, such as body.title."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:triaged:problem:invalid",
                    "title": "A field is not valid",
                    "status": 422,
                    "detail": "body.title: Field required",
                    "errors": [{"field": "body.title", "message": "Field required"}],
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default_factory=list)


class ProblemError(Exception):
    """A request cannot be answered; the detail says why and what to do."""

    def __init__(
        self,
        problem: Problem,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem, self.detail, self.errors, self.headers = problem, detail, errors, dict(headers or {})


def response(error: ProblemError) -> JSONResponse:
    """Return the answer to a request that has a problem."""
    problem = error.problem
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = [field.model_dump() for field in error.errors]
    return JSONResponse(body, problem.status, error.headers, MEDIA_TYPE)


def invalid(field: str, message: str) -> ProblemError:
    """Return the problem of one field, such as "body.email"."""
    return ProblemError(Problem.INVALID, f"{field}: {message}", errors=[FieldProblem(field=field, message=message)])


def unavailable(detail: str, seconds: int = RETRY_SECONDS) -> ProblemError:
    """Return the error for what may succeed later."""
    return ProblemError(Problem.UNAVAILABLE, detail, headers={"Retry-After": str(seconds)})


def install(app: FastAPI, made: Callable[[Request, ProblemError], Response]) -> None:
    """Make the application answer every error with what `made` makes of its problem."""

    async def answer(request: Request, error: Exception) -> Response:
        wrong_method = isinstance(error, HTTPException) and error.status_code == Problem.METHOD.status
        return made(request, _wrong_method(request) if wrong_method else _problem_of(error))

    for kind in (ProblemError, RequestValidationError, HTTPException, *UNREACHABLE):
        app.add_exception_handler(kind, answer)


def _wrong_method(request: Request) -> ProblemError:
    """Return the problem that names every method of a path; Starlette names those of one of its routes."""
    routes = [one for one in _routes(request.app.routes) if one.matches(request.scope)[0] is not Match.NONE]
    methods = {method for one in routes for method in one.methods or ()}
    stream = any(one.path == STREAM_PATH for one in routes)
    allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods and not stream else set())))
    return ProblemError(Problem.METHOD, f"use one of {allowed}", headers={"Allow": allowed})


def _routes(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """Yield all routes, also those of routers that were included."""
    for one in routes:
        if isinstance(one, Route):
            yield one
        yield from _routes(getattr(getattr(one, "original_router", None), "routes", ()))


def _problem_of(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _of_status(error)
    return unavailable("the database cannot be reached", 5)


def _invalid(error: RequestValidationError) -> ProblemError:
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        return ProblemError(Problem.BAD_REQUEST, f"the body is not JSON: {found[0]['ctx']['error']}")
    fields = [
        FieldProblem(field=".".join(str(part) for part in one["loc"]), message=message_of(one))
        for one in found[:MOST_FIELDS]
    ]
    return ProblemError(Problem.INVALID, f"{fields[0].field}: {fields[0].message}", errors=fields)


def _of_status(error: HTTPException) -> ProblemError:
    if error.status_code == Problem.NOT_FOUND.status:
        return ProblemError(Problem.NOT_FOUND, "there is no such path; /docs lists all", headers=error.headers)
    return ProblemError(Problem.BAD_REQUEST, str(error.detail), headers=error.headers)


def documented(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of problems that an operation may answer, with those that any may."""
    every = (
        *(Problem.BAD_REQUEST, Problem.UNAUTHORIZED, Problem.FORBIDDEN, Problem.INVALID, Problem.RATE),
        *(Problem.UNAVAILABLE, *problems),
    )
    titles: dict[int, list[str]] = {}
    for problem in dict.fromkeys(every):
        titles.setdefault(problem.status, []).append(problem.title)
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {
        status: {"description": "; ".join(texts), "content": {MEDIA_TYPE: schema}}
        for status, texts in sorted(titles.items())
    }
