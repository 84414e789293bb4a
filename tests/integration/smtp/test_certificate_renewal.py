"""The listener uses a renewed certificate without a restart."""

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from daemon.policies import listener_config
from daemon.store.store import Store
from tests.support.log_lines import log_lines
from tests.support.smtp_client import Running
from tests.support.smtp_sink import certificate


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return certificate(tmp_path)


@pytest.fixture
def listening(sqlite_store: Store, files: tuple[Path, Path]) -> Iterator[Running]:
    settings = Settings.model_validate({"smtp": {"certificate": files[0], "key": files[1]}})
    with Running(sqlite_store, tls=listener_config(settings).tls) as running:
        yield running


def shown(running: Running) -> str:
    """Return the certificate that a new client gets, in PEM."""
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with running.client() as client:
        client.hello()
        client.say("STARTTLS")
        with anyone.wrap_socket(client.sock) as wrapped:
            return ssl.DER_cert_to_PEM_cert(wrapped.getpeercert(binary_form=True) or b"")


def test_a_renewed_certificate_is_shown_to_the_next_client(listening: Running, files: tuple[Path, Path]) -> None:
    first = files[0].read_text()
    assert shown(listening) == first
    certificate(files[0].parent)
    assert shown(listening) == files[0].read_text() != first
    assert shown(listening) == files[0].read_text()


def test_files_that_do_not_fit_leave_the_certificate_in_use(
    listening: Running, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = files[0].read_text()
    (tmp_path / "new").mkdir()
    new = certificate(tmp_path / "new")
    shutil.copy(new[0], files[0])
    assert [shown(listening), shown(listening)] == [first, first]
    logs = [line for line in log_lines(capsys) if line["event"].startswith("certificate")]
    assert [entry["event"] for entry in logs] == ["certificate not renewed; the one before stays in use"]
    assert "does not belong to" in logs[0]["reason"]
    shutil.copy(new[1], files[1])
    assert shown(listening) == files[0].read_text() != first


def test_a_certificate_that_is_gone_for_a_moment_stays_in_use(listening: Running, files: tuple[Path, Path]) -> None:
    first = files[0].read_text()
    files[0].unlink()
    assert shown(listening) == first
