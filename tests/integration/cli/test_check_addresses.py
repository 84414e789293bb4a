"""`triaged check` shows the addresses, names what is wrong with them and where, and probes each mail server."""

from pathlib import Path
from typing import Final

import pytest

from tests.support.cli import Case
from tests.support.smtp_sink import Sink

SMTP: Final = '[outgoing]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {}\nsecurity = "none"\n'
SHOP: Final = '[[outgoing.servers]]\nname = "shop"\nhost = "127.0.0.1"\nport = {}\nsecurity = "none"\n'
ADDRESS: Final = '[[support.addresses]]\naddress = "help@one.test"\n[[support.addresses]]\naddress = "pay@shop.test"\n'


def write(bare: Path, text: str) -> None:
    path = bare / "triaged.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("text", "where", "cure"),
    [
        (f'{ADDRESS}[[support.addresses]]\naddress = "Help@One.test"\n', "help@one.test is there twice", "keep one"),
        (f'{ADDRESS}team = "SALES"\n', "support.addresses.pay@shop.test.team", "known are"),
        (f'{ADDRESS}category = "Sales"\n', "support.addresses.pay@shop.test.category", "known are"),
        (f'{ADDRESS}server = "shop"\n', "support.addresses.pay@shop.test.server", "add it as [[outgoing.servers]]"),
        (f'{ADDRESS}triage = "fixed"\n', "pay@shop.test", "needs a category or a team"),
    ],
)
def test_a_fault_of_an_address_is_named_with_its_cure(case: Case, bare: Path, text: str, where: str, cure: str) -> None:
    write(bare, text)
    outcome = case.run("check")
    said = " ".join(outcome.err.split())
    assert outcome.code == 78
    assert where in said
    assert cure in said


def test_missing_templates_of_an_address_are_named_with_their_cure(case: Case, bare: Path) -> None:
    write(bare, f'{ADDRESS}templates = "{bare / "nowhere"}"\n')
    outcome = case.run("check", "--json")
    (found,) = [row for row in outcome.rows if row["what"] == "templates"]
    assert outcome.code == 78
    assert found["text"].startswith("support.addresses.pay@shop.test.templates: ")
    assert "nowhere: no such directory" in found["text"]
    assert found["advice"].startswith("create the directory")


def test_the_addresses_are_shown_with_what_they_decide(case: Case, bare: Path) -> None:
    with Sink() as main, Sink() as other:
        settings = 'category = "Payments"\ntriage = "fixed"\nserver = "shop"\n'
        write(bare, ADDRESS + settings + SMTP.format(main.port) + SHOP.format(other.port))
        outcome = case.run("check", "--json")
        shown = case.run("check").out
    texts = {row["what"]: row["text"] for row in outcome.rows}
    assert texts["support"] == "help@one.test, pay@shop.test (always Payments, through shop)"
    assert texts["outgoing"] == f"127.0.0.1:{main.port}, none"
    assert texts["outgoing shop"] == f"127.0.0.1:{other.port}, none"
    assert "support.addresses.pay@shop.test.category = 'Payments'" in shown
    assert "support.addresses.help@one.test" in shown


def test_a_token_must_fit_into_every_address(case: Case, bare: Path) -> None:
    write(bare, f'[support]\naddresses = ["help@one.test", "{"p" * 20}@shop.test"]\n')
    warned = [row["text"] for row in case.run("check", "--json").rows if row["state"] == "warn"]
    assert any(f"no token fits into {'p' * 20}@shop.test" in text for text in warned)


def test_live_probes_each_mail_server(case: Case, bare: Path) -> None:
    with Sink() as main, Sink() as other:
        write(bare, f'{ADDRESS}server = "shop"\n' + SMTP.format(main.port) + SHOP.format(other.port))
        outcome = case.run("check", "--live", "--json")
        assert outcome.code == 0
        assert [row["what"] for row in outcome.rows] == ["health", "outgoing", "outgoing shop"]
        write(bare, f'{ADDRESS}server = "shop"\n' + SMTP.format(main.port) + SHOP.format(1))
        outcome = case.run("check", "--live", "--json")
    states = {row["what"]: (row["state"], row["advice"]) for row in outcome.rows}
    assert outcome.code == 75
    assert states["outgoing"][0] == "ok"
    assert states["outgoing shop"] == (
        "fail",
        "check outgoing.servers.shop.host, outgoing.servers.shop.port and outgoing.servers.shop.security",
    )


def test_a_server_that_no_address_uses_is_a_warning(case: Case, bare: Path) -> None:
    with Sink() as main, Sink() as other:
        write(bare, ADDRESS + SMTP.format(main.port) + SHOP.format(other.port))
        rows = case.run("check", "--live", "--json").rows
    assert ("outgoing shop", "warn") in [(row["what"], row["state"]) for row in rows]
