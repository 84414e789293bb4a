"""A server that fails on request, a transport to it, and a clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.smtp_sink import Sink, certificate
from tests.support.smtp_transport import Clock, open_to
from workers.transports.smtp import SmtpTransport


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def closing() -> Iterator[list[SmtpTransport]]:
    opened: list[SmtpTransport] = []
    yield opened
    for transport in opened:
        transport.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport(sink: Sink, clock: Clock, closing: list[SmtpTransport]) -> SmtpTransport:
    return open_to(sink, closing, clock=clock)
