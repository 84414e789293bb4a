"""Carry a request out once under the idempotency key that its client gave to it."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from daemon.store import idempotency
from daemon.store.idempotency import EarlierRequest, RequestKey
from daemon.store.store import Store

T = TypeVar("T")


def fingerprint_of(*parts: object) -> str:
    """Return what tells two requests apart (SHA-256, hex); the parts are values of JSON."""
    return _digest(json.dumps(parts))


def key_of(token_id: int, text: str, fingerprint: str) -> RequestKey:
    """Return the idempotency key of a request of a program."""
    return RequestKey(token_id, _digest(text), fingerprint)


def write_once(
    store: Store,
    key: RequestKey | None,
    ticket_id: int,
    now: datetime,
    write: Callable[[Session], T],
    answer_of: Callable[[T], int | None] = lambda _: None,
) -> T | EarlierRequest:
    """Write on a ticket and return the result, or return the earlier request under the key.

    What raises an error is not noted: it may be asked for again. `answer_of` gives the id of the answer in a result.
    """

    def run(session: Session) -> T | EarlierRequest:
        if key is None:
            return write(session)
        earlier = idempotency.find(session, key, now)
        if earlier is not None:
            return earlier
        done = write(session)
        idempotency.add(session, key, ticket_id, now, answer_of(done))
        return done

    try:
        return store.write(run)
    except IntegrityError:
        if key is None:
            raise
        # Another process carried it out at the same time; the second try sees its row.
        return store.write(run)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
