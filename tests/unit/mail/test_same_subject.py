"""Subjects that are the same but for what replies add to them."""

import pytest

from daemon.mail.follow_up import (
    bare_subject,
    same_subject,
)


@pytest.mark.parametrize(
    "subject",
    [
        "Payment failed",
        "Re: Payment failed",
        "RE: Re: re: Payment failed",
        "AW: WG: Payment failed",
        "SV: payment  FAILED ",
        "Re[2]: Payment failed",
        "Re(3): Payment failed",
        "Antw: Payment failed",
        "[EXTERNAL] Re: Payment failed",
        "Re: [support] Re: Payment failed",
        "\u56de\u590d\uff1aPayment failed",
        "TR\u00a0: Payment failed",
    ],
)
def test_reply_prefixes_do_not_change_a_subject(subject: str) -> None:
    assert same_subject(subject, "Payment failed")


@pytest.mark.parametrize("subject", ["", "Payment", "Payment failed again", "failed Payment", "Re:"])
def test_a_different_subject_is_not_the_same(subject: str) -> None:
    assert not same_subject(subject, "Payment failed")


@pytest.mark.parametrize(
    "subject", ["Re:" * 10_000, "[" * 10_000, "[x] " * 10_000, "a" * 100_000, "a:" * 10_000, " " * 9999]
)
def test_only_the_start_of_a_crafted_subject_is_read(subject: str) -> None:
    assert len(bare_subject(subject)) <= 500
