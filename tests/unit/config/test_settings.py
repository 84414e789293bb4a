"""The settings: their defaults, their sources, and addresses as text or tables."""

import re
from pathlib import Path

import pytest

from config.settings import Settings, load
from tests.support.paths import CONFIG
from tests.support.settings_files import SHOP, written

SHIPPED = CONFIG / "triaged.toml"


def test_nothing_needs_to_be_configured() -> None:
    settings = load()
    assert settings.smtp.listen == "127.0.0.1:2525"
    assert settings.database_url == "sqlite:///var/triaged.db"
    assert {team.name for team in settings.teams} >= {"PAYMENTS_TEAM", "MANUAL_REVIEW"}
    assert settings.rules


def test_the_shipped_file_shows_every_setting_with_its_default() -> None:
    assert load(SHIPPED) == load()
    text = SHIPPED.read_text(encoding="utf-8")
    for section, field in Settings.model_fields.items():
        keys = getattr(field.annotation, "model_fields", None)
        lines = text.partition(f"[{section}]\n")[2].partition("\n\n")[0].splitlines()
        shown = {line.removeprefix("# ").partition(" = ")[0] for line in lines if " = " in line}
        shown |= set(re.findall(rf"^# \[{section}\.(\w+)\]$", text, re.MULTILINE))
        assert keys is None or shown == set(keys), section


def test_a_triaged_toml_here_is_read_and_another_where_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "triaged.toml").write_text('[support]\nname = "Here"\n')
    assert load().support.name == "Here"
    monkeypatch.setenv("TRIAGED_CONFIG", str(written(tmp_path, '[support]\nname = "Named"\n')))
    assert load().support.name == "Named"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, '[smtp]\nlisten = "127.0.0.1:25"\nhostname = "mx.example.com"\n')
    monkeypatch.setenv("TRIAGED_SMTP__LISTEN", "127.0.0.1:26")
    monkeypatch.setenv("TRIAGED_LIMITS__RECIPIENTS", "7")
    settings = load(path)
    assert (settings.smtp.listen, settings.smtp.hostname) == ("127.0.0.1:26", "mx.example.com")
    assert settings.limits.recipients == 7


def test_shipped_rules_leave_out_categories_that_are_not_there(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[[categories]]\nname = "Payments"\nteam = "PAYMENTS_TEAM"\n'))
    assert {rule.category for rule in settings.rules} <= {"Payments", None}


def test_no_rules_are_no_rules(tmp_path: Path) -> None:
    assert load(written(tmp_path, "rules = []\n")).rules == ()


def test_addresses_are_text_or_tables(tmp_path: Path) -> None:
    support = load(written(tmp_path, SHOP)).support
    assert support.emails == ("help@example.com", "Billing@shop.example")
    assert support.own == {"help@example.com", "billing@shop.example"}
    assert [entry.is_plain for entry in support.addresses] == [True, False]
    assert (support.addresses[1].name, support.addresses[1].triage) == ("Shop", "evidence")


def test_addresses_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_SUPPORT__ADDRESSES", '["help@example.com", {"address": "b@shop.example"}]')
    assert load().support.emails == ("help@example.com", "b@shop.example")


@pytest.mark.parametrize(
    ("domain", "of_first", "of_second", "of_other"),
    [("", "a.example", "a.example", "b.example"), ("ids.example", "ids.example", "ids.example", "b.example")],
)
def test_an_address_has_message_ids_of_its_domain(domain: str, of_first: str, of_second: str, of_other: str) -> None:
    support = Settings(support={"addresses": ["x@a.example", "y@a.example", "z@b.example"], "domain": domain}).support
    found = [support.message_id_domain_of(email) for email in support.emails]
    assert found == [of_first, of_second, of_other]
