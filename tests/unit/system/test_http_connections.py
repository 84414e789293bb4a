"""A flood of HTTP connections leaves file descriptors for email, the database and outgoing email."""

import resource

import pytest

from daemon.system import tuning


@pytest.mark.parametrize(
    ("open_files", "connections", "allowed"),
    [
        (65536, 1000, 200),
        (resource.RLIM_INFINITY, 1000, 200),
        (1024, 1000, 50),
        (256, 1000, 32),
        (1024, 0, 200),
        (1, 10, 1),
    ],
)
def test_http_gets_half_of_the_files_that_email_leaves(
    open_files: int, connections: int, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (open_files, open_files))
    assert tuning.requests_within_limit(200, connections) == allowed
