"""Authentication results are accepted from our own servers only."""

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.screening.authentication_results import authenticated
from tests.support.emails import mail
from tests.support.work import lines_run

BORDER = frozenset({"mx.example.com"})
OURS = "Authentication-Results: mx.example.com"
PASS = "Authentication-Results: mx.example.com; dmarc=pass header.from=customer.example"
FAIL = "Authentication-Results: mx.example.com; dmarc=fail header.from=customer.example"


def believed(*lines: str, from_: str | None = "ann@customer.example", trusted: frozenset[str] = BORDER) -> bool:
    return authenticated(parse(mail(from_, headers=lines)), trusted)


@pytest.mark.parametrize(
    "line",
    [
        PASS,
        "Authentication-Results: MX.example.COM; DMARC=PASS header.from=CUSTOMER.example",
        "Authentication-Results: mx.example.com 1; dmarc=pass header.from=customer.example",
        f"{OURS}; spf=pass smtp.mailfrom=x.example; dmarc=pass header.from=customer.example",
        "Authentication-Results: mx.example.com;\r\n\tdmarc=pass (p=REJECT dis=NONE)\r\n\theader.from=customer.example",
        'Authentication-Results: mx.example.com; dmarc=pass header.from="customer.example"',
        "Authentication-Results: mx.example.com; dmarc = pass (policy=none) header.from=customer.example",
        'Authentication-Results: mx.example.com; dmarc=pass reason="a; b" header.from=customer.example',
    ],
)
def test_a_pass_from_our_server_is_accepted(line: str) -> None:
    assert believed(line)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (FAIL,),
        # A header of the sender, below that of our server.
        (FAIL, PASS),
        # Another server's header is on top, so anyone may have written the one below.
        ("Authentication-Results: relay.example.net; dmarc=none", PASS),
        ("Authentication-Results: mx.evil.example; dmarc=pass header.from=customer.example",),
        ("Authentication-Results: mx.example.com.evil.example; dmarc=pass header.from=customer.example",),
        ("Authentication-Results: evil.example mx.example.com; dmarc=pass header.from=customer.example",),
        ("Authentication-Results: (mx.example.com) evil.example; dmarc=pass header.from=customer.example",),
        ("Authentication-Results: ; dmarc=pass header.from=customer.example",),
        ("Authentication-Results: mx.example.com",),
        ("Authentication-Results: mx.example.com; none",),
        # Aligned with another domain.
        ("Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example",),
        ("Authentication-Results: mx.example.com; dmarc=pass header.from=customer.example.evil.example",),
        ("Authentication-Results: mx.example.com; dmarc=pass",),
        # SPF and DKIM results of a domain prove nothing about From.
        ("Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=customer.example",),
        ("Authentication-Results: mx.example.com; dkim=pass header.d=customer.example",),
        ("Authentication-Results: mx.example.com; dmarc=passed header.from=customer.example",),
        ("Authentication-Results: mx.example.com; x-dmarc=pass header.from=customer.example",),
        # Text that the sender chose, in a comment or a quoted string, is not a result.
        ("Authentication-Results: mx.example.com; dmarc=fail (; dmarc=pass header.from=customer.example)",),
        ("Authentication-Results: mx.example.com; dmarc=fail (a (b) ; dmarc=pass header.from=customer.example )",),
        ("Authentication-Results: mx.example.com; dmarc=fail (a \\) ; dmarc=pass header.from=customer.example )",),
        (f'{OURS}; spf=pass smtp.mailfrom="x; dmarc=pass header.from=customer.example "@evil.example',),
        ('Authentication-Results: mx.example.com; dmarc=fail reason="\\"; dmarc=pass header.from=customer.example "',),
        ("Authentication-Results: mx.example.com; spf=none (; dmarc=pass header.from=customer.example",),
        # Two results that contradict each other.
        (f"{OURS}; dmarc=fail header.from=customer.example; dmarc=pass header.from=customer.example",),
        ("X-Authentication-Results: mx.example.com; dmarc=pass header.from=customer.example",),
        ("ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass header.from=customer.example",),
    ],
)
def test_no_other_result_is_accepted(lines: tuple[str, ...]) -> None:
    assert not believed(*lines)


BY_US = "Received: from mail.customer.example (mail.customer.example [198.51.100.9]) by mx.example.com (Postfix); today"
FOREIGN = "Received: from laptop by mail.customer.example (Postfix) with ESMTPSA id 1; today"


@pytest.mark.parametrize(
    "lines",
    [
        (PASS, BY_US, FOREIGN),
        (BY_US, PASS, FOREIGN),
        ("Received: from mx.example.com by in.mx.example.com with LMTP id 1; today", BY_US, PASS, FOREIGN),
        ("Received: from a by MX.EXAMPLE.COM.; today", PASS),
        ("Received: from a\r\n\t(a [198.51.100.9])\r\n\tby mx.example.com\r\n\tfor <support@example.com>; today", PASS),
        # As Gmail writes them.
        ("Received: by 2002:a05:6918:b193:b0:2c4:1234:5678 with SMTP id k19csp1; today", BY_US, PASS, FOREIGN),
    ],
)
def test_a_result_above_the_first_received_of_another_host_is_accepted(lines: tuple[str, ...]) -> None:
    assert believed(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        (BY_US, FOREIGN, PASS),
        (FOREIGN, PASS),
        (FOREIGN, BY_US, PASS),
        ("Received: from mx.example.com by evil.example; today", PASS),
        ("Received: from a by mx.example.com.evil.example; today", PASS),
        ("Received: from a by evilmx.example.com; today", PASS),
        # The sender chose the name after "from".
        ("Received: from by mx.example.com (a) by inner.example; today", PASS),
        ("Received: from a (by mx.example.com) by inner.example; today", PASS),
        ('Received: from "by mx.example.com" by inner.example; today', PASS),
        ("Received: from a ( by mx.example.com; today", PASS),
        ("Received: from a by 2002:a05:6918:b193:b0:2c4:1234:5678; today", PASS),
        ("Received: by mail.evil.example; today", PASS),
        ("Received: today", PASS),
        ("Received:", PASS),
    ],
)
def test_a_result_below_a_received_of_another_host_is_refused(lines: tuple[str, ...]) -> None:
    assert not believed(*lines)


def test_encoded_words_in_a_result_are_not_decoded() -> None:
    """A server repeats the sender's text in comments; decoded, it would end the comment."""
    hidden = "=?utf-8?q?=29=3B_dmarc=3Dpass_header=2Efrom=3Dcustomer=2Eexample_=28?="
    assert not believed(f"{OURS}; spf=none ({hidden})")


def test_without_a_trusted_server_nothing_is_accepted() -> None:
    assert not believed(PASS, trusted=frozenset())


@pytest.mark.parametrize(
    ("from_", "more"),
    [
        (None, ()),
        ("ann@customer.example, eve@evil.example", ()),
        ("ann@customer.example", ("From: eve@customer.example",)),
        ("ann@customer.example)<mallory@evil.example>", ()),
        ("ann", ()),
    ],
)
def test_a_from_that_is_not_one_address_is_not_authenticated(from_: str | None, more: tuple[str, ...]) -> None:
    assert not believed(PASS, *more, from_=from_)


@pytest.mark.parametrize("piece", ["(", "((", "()", '"', "\\", ";", "dmarc=pass ", "; dmarc", "( ) "])
def test_the_work_on_a_hostile_header_grows_with_its_size_up_to_a_limit(piece: str) -> None:
    def lines(size: int) -> int:
        return lines_run(lambda: believed("Authentication-Results: mx.example.com; " + piece * (size // len(piece))))

    assert lines(14_000) < 2.2 * lines(7_000) + 100
    assert lines(200_000) < 2_000
