"""The signed address that replies go to."""

from datetime import UTC, datetime

import pytest

from daemon.vocabulary import MailKind
from workers.notify.outgoing import mark_of, tagged

MARK = mark_of(MailKind.ACKNOWLEDGEMENT, "ann@customer.example", 2**32 - 1, b"k" * 32, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("length", [1, 7, 19])
def test_a_signed_address_has_a_local_part_of_at_most_64_bytes(length: int) -> None:
    address = tagged(f"{'s' * length}@example.com", MARK)
    assert address is not None
    assert len(address.rpartition("@")[0]) <= 64
    assert address.endswith(f"+{MARK}@example.com")


def test_a_support_address_that_is_too_long_is_not_signed() -> None:
    assert tagged(f"{'s' * 20}@example.com", MARK) is None
