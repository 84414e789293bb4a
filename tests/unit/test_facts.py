"""Whether an email is trusted to be its author's."""

import pytest

from daemon.authentication.lookup import Finding, Result
from daemon.facts import is_authors


def dmarc(result: Result, detail: str) -> tuple[str, ...]:
    return (str(Finding("dmarc", result, "shop.example", detail)), "spf=none (shop.example)")


@pytest.mark.parametrize(
    ("results", "trusted"),
    [
        (None, True),
        ((), True),
        (dmarc(Result.PASS, "dkim"), True),
        (dmarc(Result.NONE, "no record"), True),
        (dmarc(Result.TEMPERROR, "DNS did not answer"), True),
        (dmarc(Result.FAIL, "policy none"), True),
        (dmarc(Result.FAIL, "policy quarantine"), False),
        (dmarc(Result.FAIL, "policy reject"), False),
    ],
)
def test_an_earlier_proof_counts_unless_the_domain_disowns_the_email(
    results: tuple[str, ...] | None, trusted: bool
) -> None:
    assert is_authors(results, verified=False, proved_before=True) is trusted
    assert is_authors(results, verified=True, proved_before=True)
    assert not is_authors(results, verified=False, proved_before=False)
