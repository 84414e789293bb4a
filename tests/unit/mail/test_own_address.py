"""Which of our addresses an email was written to."""

import pytest

from daemon.mail.analyze import analyze
from daemon.mail.own_address import own_address
from tests.support.domain_values import identity
from tests.support.emails import ANN, inbound, mail

SUPPORT, BILLING, TAGGED = "support@example.com", "billing@shop.example", "support+sales@example.com"
TOKEN = "a" * 44
OURS = identity(
    own_addresses=frozenset({SUPPORT, BILLING, TAGGED}),
    mailbox_addresses={"shop": BILLING},
    postmasters={"postmaster@shop.example": BILLING},
)


@pytest.mark.parametrize(
    ("to", "headers", "rcpts", "source", "found"),
    [
        (SUPPORT, (), (SUPPORT,), "smtp", SUPPORT),
        ("Shop <Billing@Shop.example>", (), (), "smtp", BILLING),
        # Tokens and tags; the longest address of ours wins.
        (f"billing+{TOKEN}@shop.example", (), (), "smtp", BILLING),
        (f"support+sales+{TOKEN}@example.com", (), (), "smtp", TAGGED),
        ("support+x+y@example.com", (), (), "smtp", SUPPORT),
        # Both copies of an email to two of our addresses lead to the first in To and Cc.
        (f"{BILLING}, {SUPPORT}", (), (SUPPORT,), "smtp", BILLING),
        ("bob@customer.example", (f"Cc: {BILLING}",), (SUPPORT,), "smtp", BILLING),
        # A Bcc, and an old address that another server forwards to us.
        ("undisclosed-recipients:;", (), (BILLING,), "smtp", BILLING),
        ("info@old.example", (), (BILLING,), "smtp", BILLING),
        # An address of ours that forwards to another one of ours.
        (BILLING, (), (SUPPORT,), "smtp", BILLING),
        ("info@old.example", (f"Delivered-To: {BILLING}",), (), "imap:work/INBOX/1/2", BILLING),
        ("info@old.example", (f"X-Original-To: <{BILLING}>",), (), "imap:work/INBOX/1/2", BILLING),
        # The mailbox counts only where the email names none.
        ("info@old.example", (), (), "imap:shop/INBOX/1/2", BILLING),
        (SUPPORT, (), (), "imap:shop/INBOX/1/2", SUPPORT),
        # Nothing that only looks like ours.
        ("info@old.example", (), (), "imap:work/INBOX/1/2", ""),
        ("notsupport@example.com", (), (), "smtp", ""),
        ("support@example.com.evil.example", (), (), "smtp", ""),
        ("+support@example.com", (), (), "smtp", ""),
        ("postmaster@shop.example", (), ("postmaster@shop.example",), "smtp", BILLING),
        (None, (), (), "smtp", ""),
    ],
)
def test_the_address_that_an_email_was_written_to(
    to: str | None, headers: tuple[str, ...], rcpts: tuple[str, ...], source: str, found: str
) -> None:
    raw = mail(to=to, headers=headers)
    assert analyze(inbound(raw, rcpt_tos=rcpts, source=source), OURS).address == found


def test_an_internationalized_domain_is_ours_in_both_spellings() -> None:
    ours = {"hilfe@xn--mnchen-3ya.example"}
    assert own_address("Hilfe@münchen.example", ours) == own_address("hilfe+x@xn--mnchen-3ya.example", ours) != ""


def test_many_recipients_and_tags_are_read_within_bounds() -> None:
    many = ", ".join(f"a{number}@customer.example" for number in range(5000))
    assert analyze(inbound(mail(to=f"{many}, {BILLING}"), rcpt_tos=(SUPPORT,)), OURS).address == SUPPORT
    assert own_address("support" + "+x" * 50 + "@example.com", {SUPPORT}) == ""


@pytest.mark.parametrize(
    ("author", "mail_from"),
    [
        (f"billing+{TOKEN}@shop.example", ANN),
        (BILLING, ANN),
        (ANN, "billing+bounce-7-abcdefghijklmnop@shop.example"),
    ],
)
def test_an_email_from_any_address_of_ours_is_not_acknowledged(author: str, mail_from: str) -> None:
    assert not analyze(inbound(mail(author), mail_from=mail_from), OURS).screening.acknowledge


def test_an_email_to_us_from_a_customer_is_acknowledged() -> None:
    assert analyze(inbound(mail(to=BILLING)), OURS).screening.acknowledge
