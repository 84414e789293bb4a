"""Commands find the listener where systemd put it."""

from pathlib import Path

import pytest

from daemon.system.binding import Address
from daemon.system.listening import FILE, forget, listen_address, record

CONFIGURED = "127.0.0.1:2525"


@pytest.mark.parametrize("address", [Address("0.0.0.0", 25), Address("::", 25)])
def test_an_address_that_was_left_takes_precedence_until_it_is_forgotten(tmp_path: Path, address: Address) -> None:
    record(tmp_path, address)
    assert listen_address(tmp_path, CONFIGURED) == str(address)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    forget(tmp_path)
    assert listen_address(tmp_path, CONFIGURED) == CONFIGURED


@pytest.mark.parametrize("content", [b"", b"\xff\n", b"nothing\n", b"host:\n", b":25\n"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert listen_address(tmp_path, CONFIGURED) == CONFIGURED


def test_a_directory_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    record(missing, Address("127.0.0.1", 25))
    forget(missing)
    assert listen_address(missing, CONFIGURED) == CONFIGURED
