"""The addresses and the thread of an outgoing email."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config.settings import Settings
from daemon.snapshots import PreparedDelivery
from daemon.vocabulary import MailKind
from workers.notify.compose import OutgoingMail
from workers.notify.outgoing import mark_of, outgoing_mail, tagged, view_of
from workers.notify.render import Renderer
from workers.notify.sample_tickets import MESSAGE, TICKET
from workers.policies import mail_config

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MARK = mark_of(MailKind.ACKNOWLEDGEMENT, "ann@customer.example", 2**32 - 1, b"k" * 32, NOW)
TEXT = "<visit-www.evil.example/and:pay@now>"


@pytest.mark.parametrize("length", [1, 7, 19])
def test_a_signed_address_has_a_local_part_of_at_most_64_bytes(length: int) -> None:
    address = tagged(f"{'s' * length}@example.com", MARK)
    assert address is not None
    assert len(address.rpartition("@")[0]) <= 64
    assert address.endswith(f"+{MARK}@example.com")


def test_a_support_address_that_is_too_long_is_not_signed() -> None:
    assert tagged(f"{'s' * 20}@example.com", MARK) is None


def acknowledgement(message_id: str, *, verified: bool = False, trusted: bool = False) -> OutgoingMail:
    ticket = replace(TICKET, trusted=trusted, message=replace(MESSAGE, message_id=message_id, verified=verified))
    delivery = PreparedDelivery(
        MailKind.ACKNOWLEDGEMENT, "ann@customer.example", "<ours@example.com>", ticket, None, first=False
    )
    config = mail_config(Settings())
    rendered = Renderer(None).render(delivery.kind, view_of(delivery, config, MARK, []))
    return outgoing_mail(delivery, config, rendered, MARK, {}, NOW, "seed")


@pytest.mark.parametrize(
    "message_id",
    [
        "<CAF=abc+xyz_123-4@mail.gmail.com>",
        "<AM0PR0602MB3604C8F2B1D0A9E8F7C6D5E4F3A2B@AM0PR0602MB3604.eurprd06.prod.outlook.com>",
        "<0102018f1c2d3e4f-5a6b7c8d-1234-5678-9abc-def012345678-000000@eu-west-1.amazonses.com>",
        "<E1A2B3C4-D5E6-4F70-8192-A3B4C5D6E7F8@icloud.com>",
        "<1234567890.1.1700000000000@mail.yahoo.com>",
        "<000001d9$4a2b$c0a80101@desktop>",
    ],
)
def test_a_plain_message_id_of_an_unverified_sender_is_answered(message_id: str) -> None:
    made = acknowledgement(message_id)
    assert (made.in_reply_to, made.references) == (message_id, (message_id,))


@pytest.mark.parametrize(
    "message_id",
    [
        "",
        TEXT,
        "<http://evil.example@x>",
        "<buy now@evil.example>",
        '<"buy now"@evil.example>',
        "<pay@evil.example/now>",
        "<a@b@c>",
        "<a>",
        "<pay!@evil.example>",
        "<\u0430@evil.example>",
        f"<{'a' * 81}@evil.example>",
        f"<a@{'b' * 81}>",
        "<a@b> <c@d>",
        "<a@b>\n",
    ],
)
def test_a_message_id_that_may_be_a_text_of_an_unverified_sender_is_not_sent(message_id: str) -> None:
    made = acknowledgement(message_id)
    assert (made.in_reply_to, made.references) == ("", ())


@pytest.mark.parametrize("known", [{"verified": True}, {"trusted": True}])
def test_the_message_id_of_a_verified_sender_is_answered_as_it_is(known: dict[str, bool]) -> None:
    assert acknowledgement(TEXT, **known).in_reply_to == TEXT
