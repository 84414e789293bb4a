"""`triaged check` says in one line who the lead is and what they may do."""

import pytest

from config.settings import Settings
from daemon.cli.support.checks import lead


def said(address: str | None, members: tuple[str, ...] = ()) -> str:
    settings = Settings(triage={"lead": address})
    first, *others = settings.teams
    teams = (first.model_copy(update={"members": members}), *others)
    (found,) = lead.findings(settings.model_copy(update={"teams": teams}))
    assert (found.what, found.state) == ("lead", "ok")
    return found.text


@pytest.mark.parametrize(
    ("address", "members", "text"),
    [
        (None, (), "off: nobody is asked by email to decide doubtful tickets"),
        ("lead@shop.test", (), "lead@shop.test, who may correct category, priority and spam, and nothing else"),
        ("Lead@shop.test", ("lead@shop.test",), "Lead@shop.test, who acts for "),
        ("lead@shop.test", ("@shop.test",), "lead@shop.test, who acts for "),
    ],
)
def test_one_line_says_who_the_lead_is(address: str | None, members: tuple[str, ...], text: str) -> None:
    assert said(address, members).startswith(text)


def test_a_support_address_cannot_be_the_lead() -> None:
    with pytest.raises(ValueError, match=r"triage\.lead: support@example\.com is a support address"):
        Settings(triage={"lead": "support@example.com"})
