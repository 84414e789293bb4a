"""The header Idempotency-Key: a repetition of a request gets the same answer, and nothing is done twice."""

from typing import Annotated, Any, Final

from fastapi import Header, Response

from daemon.store.idempotency import EarlierRequest, RequestKey
from daemon.web.problems import Problem, ProblemError
from daemon.web.validation import PRINTABLE

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=PRINTABLE,
        description="Makes a repetition safe for a day.",
    ),
]
REPLAYED: Final[dict[str, Any]] = {
    "Idempotency-Replayed": {
        "description": "true: an earlier request with this Idempotency-Key was carried out.",
        "schema": {"type": "string"},
    },
}


def replayed(response: Response, earlier: EarlierRequest, key: RequestKey | None) -> None:
    """Mark the answer as that of an earlier request; raises ProblemError if that one asked for something else."""
    if key is not None and earlier.fingerprint != key.fingerprint:
        raise ProblemError(Problem.KEY_REUSED, "use another Idempotency-Key for another request")
    response.headers["Idempotency-Replayed"] = "true"
