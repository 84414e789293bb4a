"""Pages of a list: a cursor that names the last row, and the Link header that leads to the next page (RFC 8288)."""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Query, Request, Response
from pydantic import AfterValidator, BeforeValidator

from daemon.web.problems import FieldProblem, Problem, ProblemError
from daemon.web.validation import NO_CONTROL

LARGEST_ID: Final = 2**31 - 1
MOST_ROWS: Final = 200
NUMBER: Final = re.compile(r"[+-]?[\d_.]+(e[+-]?\d+)?", re.IGNORECASE)
LINK: Final = {
    "Link": {
        "description": 'The next page, as `</tickets?cursor=...>; rel="next"`; absent on the last one',
        "schema": {"type": "string"},
    }
}


def _utc(value: datetime) -> datetime:
    """Return a time in UTC; one without an offset is in UTC already."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside of the calendar") from None


def _text(value: object) -> object:
    """Return a time as it was sent; raises ValueError for a number, which pydantic takes for seconds."""
    if isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value.strip())):
        raise ValueError("not a time as in 2026-11-28T09:00:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_text), AfterValidator(_utc)]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Maximum number of rows.")]
Cursor = Annotated[str | None, Query(max_length=200, pattern=NO_CONTROL, description="From the Link of a page.")]
Words = Annotated[str | None, Query(max_length=200, pattern=NO_CONTROL)]


def encode(at: datetime | None, number: int) -> str:
    """Return the cursor behind a row: its time, where the list is ordered by one, and its id."""
    text = json.dumps([at.isoformat() if at else None, number], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_id(cursor: str | None) -> int | None:
    """Return the id in a cursor of a list that is ordered by id; raises ProblemError."""
    return None if cursor is None else _decode(cursor)[1]


def decode(cursor: str | None) -> tuple[datetime, int] | None:
    """Return the time and the id in a cursor of a list that is ordered by time; raises ProblemError."""
    if cursor is None:
        return None
    at, number = _decode(cursor)
    if at is None:
        raise _not_a_cursor()
    return at, number


def _decode(cursor: str) -> tuple[datetime | None, int]:
    try:
        at, number = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if type(number) is not int or not 0 <= number <= LARGEST_ID:
            raise _not_a_cursor()
        return (None if at is None else _utc(datetime.fromisoformat(at))), number
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _not_a_cursor() from None


def _not_a_cursor() -> ProblemError:
    message = "not a cursor; take it from the Link header of a page"
    return ProblemError(
        Problem.INVALID, f"query.cursor: {message}", errors=[FieldProblem(field="query.cursor", message=message)]
    )


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Add the Link header that leads to the next page, with the filters of this one; no cursor: this is the last."""
    if cursor is not None:
        url = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{request.scope.get("root_path", "")}{_path(request)}?{url.query}>; rel="next"'


def _path(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return request.url.path.removeprefix(root)
