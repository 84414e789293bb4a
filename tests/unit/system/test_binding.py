"""Where a listener binds: the address it is told, or one of the next ports."""

import errno
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from daemon.system.binding import ListenError, bind, bind_near


@pytest.fixture
def used() -> Iterator[int]:
    """Give a port that another program uses."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def test_where_the_port_is_in_use_one_of_the_next_is_bound(used: int) -> None:
    with closing(bind_near("http.listen", f"127.0.0.1:{used}", 50)) as sock:
        assert used < sock.getsockname()[1] <= used + 50


def test_a_port_that_is_named_is_bound_or_nothing(used: int) -> None:
    with pytest.raises(ListenError, match=f"http.listen: 127.0.0.1:{used} cannot be bound") as raised:
        bind("http.listen", f"127.0.0.1:{used}")
    assert raised.value.cause.errno == errno.EADDRINUSE


def test_where_no_port_is_left_the_last_one_is_named(used: int) -> None:
    with pytest.raises(ListenError, match=f"127.0.0.1:{used} "):
        bind_near("http.listen", f"127.0.0.1:{used}", 0)


def test_an_address_that_is_not_ours_is_not_tried_on_other_ports() -> None:
    with pytest.raises(ListenError, match=r"203\.0\.113\.1:8080"):
        bind_near("http.listen", "203.0.113.1:8080", 50)
