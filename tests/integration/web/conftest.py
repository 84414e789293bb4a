"""The application on both databases."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.http import Web, web


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found
