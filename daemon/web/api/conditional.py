"""Conditional requests (RFC 9110 section 13): write on a ticket only in the version that If-Match names."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Header
from sqlalchemy.orm import Session

from daemon.tickets.action_base import ActionError
from daemon.tickets.answer_values import AnswerError
from daemon.tickets.changes import ChangeError, Matches, VersionError
from daemon.web.api.rows import etag, not_found, ticket_id
from daemon.web.problems import Problem, ProblemError, documented
from daemon.web.services import WebServices

T = TypeVar("T")

ETAG_HEADER: Final[dict[str, Any]] = {
    "ETag": {"description": "Version of the ticket, for If-Match and If-None-Match.", "schema": {"type": "string"}}
}
IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1000, description="Change it only in this version.")
]
WRITE_PROBLEMS: Final = documented(
    *(Problem.NOT_FOUND, Problem.CONFLICT, Problem.CHANGED, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT)
)


def tags_in(header: str) -> frozenset[str]:
    """Return the ETags of a header, of If-Match or If-None-Match."""
    return frozenset(tag.strip().removeprefix("W/") for tag in header.split(","))


def matcher(if_match: str | None) -> Matches:
    """Return what says whether a ticket is in a version of the header; None where any version will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    expected = tags_in(if_match)
    return lambda found: etag(found) in expected


def write_on(services: WebServices, ticket: str, write: Callable[[Session, int], T]) -> T:
    """Write on the ticket that a path names, in one transaction, and return the result; raises ProblemError."""
    with services.store.read() as session:
        number = ticket_id(session, ticket, services.settings.support.reference_prefix)
    try:
        return services.store.write(lambda session: write(session, number))
    except LookupError:
        raise not_found(f"ticket {ticket}") from None
    except VersionError:
        raise ProblemError(Problem.CHANGED, "get it again, and decide whether the change is still right") from None
    except (ActionError, AnswerError, ChangeError) as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
