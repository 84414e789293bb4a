"""Fixtures for tests of statements."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.query_plans import Catch


@pytest.fixture
def catch(old: Store) -> Iterator[Catch]:
    """Return what remembers each statement to the database of the store `old`, a fixture of the test's own file."""
    with Catch(old.engine).listening() as found:
        yield found
