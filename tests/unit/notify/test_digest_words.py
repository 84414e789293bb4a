"""A digest says how many tickets it lists, and how many more there are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config.settings import Settings
from daemon.snapshots import DigestLine, DigestSnapshot, PreparedDelivery
from daemon.vocabulary import MailKind
from workers.notify.digest_view import MAX_LINES
from workers.notify.outgoing import mark_of, view_of
from workers.notify.render import Renderer
from workers.notify.sample_tickets import TICKET
from workers.policies import mail_config

NOW, TEAM = datetime(2026, 3, 2, tzinfo=UTC), "payments-team@example.com"
LINE = DigestLine(1, "HD-7K3Q-M9XY", "High", "Payments", "Payment failed", "ann@customer.example", new=True)


@pytest.mark.parametrize("form", ["text", "html"])
@pytest.mark.parametrize(("tickets", "listed"), [(3, 3), (600, MAX_LINES)])
def test_a_digest_says_how_many_tickets_it_lists(tickets: int, listed: int, form: str) -> None:
    lines = tuple(replace(LINE, ticket_id=number) for number in range(1, tickets + 1))
    delivery = PreparedDelivery(MailKind.DIGEST, TEAM, "<ours@example.com>", TICKET, None, first=False)
    delivery = replace(delivery, digest=DigestSnapshot(lines, tickets))
    view = view_of(delivery, mail_config(Settings()), mark_of(MailKind.DIGEST, TEAM, 0, b"k" * 32, NOW), ())
    rendered = Renderer().render(MailKind.DIGEST, view, ("en",))
    words = " ".join(getattr(rendered, form).split())
    assert f"This email lists {listed} of them" in words
    assert words.count(LINE.requester) == listed
    assert (f"… and {tickets - listed} more tickets." in words) == (tickets > listed)
    assert rendered.subject.startswith(f"{tickets} tickets for ")
