"""The envelope sender of an answer names its delivery, and nobody can make one up."""

from daemon.mail.verp import bounce_address, delivery_of

KEY = b"k" * 32


def test_a_bounce_address_names_its_delivery_in_any_case() -> None:
    address = bounce_address("support@example.com", 7, KEY)
    assert delivery_of([address, "x@y.example"], (KEY,)) == 7
    assert delivery_of([address.upper()], (b"o" * 32, KEY)) == 7


def test_a_forged_mark_names_no_delivery() -> None:
    address = bounce_address("support@example.com", 7, KEY)
    assert delivery_of([address.replace("-7-", "-8-")], (KEY,)) is None
    assert delivery_of([address], (b"o" * 32,)) is None
