"""Who is in a team: exact addresses and exact domains, never what only looks like one."""

import pytest

from daemon.mail.roster import Team, comparable

TEAM = Team.of("PAYMENTS", "Payments@Example.com", ("ana@example.com", "@agents.example.com", "@münchen.example"))


@pytest.mark.parametrize(
    "email",
    [
        "payments@example.com",
        "ana@example.com",
        "anybody@agents.example.com",
        "ben@xn--mnchen-3ya.example",
        "ben@münchen.example",
        "BEN@Agents.Example.COM",
    ],
)
def test_an_address_of_the_team_is_included(email: str) -> None:
    assert TEAM.includes(comparable(email))


@pytest.mark.parametrize(
    "email",
    [
        "",
        "@agents.example.com.evil.example",
        "ben@example.com",
        "ana@example.com.evil.example",
        "ana+x@example.com",
        # A domain does not include its subdomains, nor those that end like it.
        "ben@sub.agents.example.com",
        "ben@otheragents.example.com",
        # Cyrillic and full-width letters, the dotless i, another spelling of the umlaut.
        "\u0430na@example.com",
        "ana@ex\u0430mple.com",
        "ana@\uff45xample.com",
        "ben@agents.examp\u0131e.com",
        "ben@munchen.example",
        '"ana@example.com"@evil.example',
    ],
)
def test_what_only_looks_like_an_address_of_the_team_is_not_included(email: str) -> None:
    assert not TEAM.includes(comparable(email))


def test_a_team_without_members_is_its_address() -> None:
    assert Team.of("LOGIN", "login@example.com").includes("login@example.com")
    assert not Team.of("LOGIN", "login@example.com").includes("ana@example.com")
