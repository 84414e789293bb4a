"""`triaged check` says who can still deliver email where members prove themselves by an SMTP login."""

from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.smtp_sink import certificate

MAILBOX = '[[imap]]\nname = "work"\nhost = "127.0.0.1"\nport = 1\nusername = "u"\npassword = "p"\n'


def said(case: Case, bare: Path, users: str, more: str = "", enabled: str = "true") -> list[tuple[str, str]]:
    chain, key = certificate(bare)
    settings = (
        f'[smtp]\nenabled = {enabled}\ncertificate = "{chain}"\nkey = "{key}"\nusers = {{ {users} }}\n'
        '[conversation]\nauthentication = "submission"\n'
        '[[teams]]\nname = "ALL"\nemail = "all@shop.test"\nmembers = ["ana@shop.test"]\n'
        '[[categories]]\nname = "General"\nteam = "ALL"\n'
        f'[triage]\nreview_team = "ALL"\nfallback_team = "ALL"\n{more}'
    )
    (bare / "triaged.toml").write_text(settings, encoding="utf-8")
    (bare / "triaged.toml").chmod(0o600)
    outcome = case.run("check", "--json")
    return [(row["state"], row["text"]) for row in outcome.rows if row["what"] == "conversation"]


def test_logins_of_members_alone_shut_out_the_customers(case: Case, bare: Path) -> None:
    first, (state, text) = said(case, bare, '"Ana@shop.test" = "secret"')
    assert (first[0], state) == ("ok", "warn")
    assert "only members can: the listener refuses all email of customers" in text


@pytest.mark.parametrize(
    ("users", "more"), [('"ana@shop.test" = "secret", relay = "secret"', ""), ('"ana@shop.test" = "secret"', MAILBOX)]
)
def test_email_of_customers_comes_by_a_relay_or_a_mailbox(case: Case, bare: Path, users: str, more: str) -> None:
    assert [state for state, _ in said(case, bare, users, more)] == ["ok"]


@pytest.mark.parametrize(
    ("users", "enabled", "words"),
    [
        ('relay = "secret"', "true", "no user of smtp.users is a member"),
        ('"ana@shop.test" = "secret"', "false", "smtp.enabled is false, so nobody can log in"),
    ],
)
def test_what_is_missing_is_named(case: Case, bare: Path, users: str, enabled: str, words: str) -> None:
    (found,) = said(case, bare, users, enabled=enabled)
    assert found[0] == "warn"
    assert words in found[1]
