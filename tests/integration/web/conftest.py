"""The application on both databases."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.http import Web, web


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found


@pytest.fixture
def stopped_refill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no request of a bucket come back with time: on a busy machine some would, before the test has sent all."""
    monkeypatch.setattr("daemon.web.limits.monotonic", lambda: 0.0)
