"""The settings: what is wrong stops the program with one line that says where, what, and what would be right."""

from pathlib import Path
from typing import Any

import pytest

from config.settings import ConfigError, Settings, load, masked
from tests.support.paths import CONFIG

SHIPPED = CONFIG / "triaged.toml"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor a triaged.toml of whoever runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("TRIAGED_CONFIG", raising=False)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "test.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


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
        assert keys is None or shown == set(keys), section


def test_a_triaged_toml_here_is_read_and_another_where_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "triaged.toml").write_text('[support]\nname = "Here"\n')
    assert load().support.name == "Here"
    monkeypatch.setenv("TRIAGED_CONFIG", str(written(tmp_path, '[support]\nname = "Named"\n')))
    assert load().support.name == "Named"


ONE_TEAM = """
triage = {review_team = "A", fallback_team = "A"}
[[categories]]
name = "General"
team = "A"
[[teams]]
name = "A"
email = "a@x.example"
members = []
"""

WRONG = {
    "an unknown section": ("[smpt]\n", "smpt", "no such setting"),
    "an unknown key": ('[smtp]\nlistne = "127.0.0.1:25"\n', "smtp.listne", "no such setting"),
    "an unknown key of a team": (
        '[[teams]]\nname = "A"\nemail = "a@x.example"\nmail = "b"\n',
        "teams.0.mail",
        "no such",
    ),
    "an address without a domain": (
        '[support]\naddresses = ["support"]\n',
        "support.addresses.0",
        "support@example.com",
    ),
    "a machine without an address": (
        '[support]\naccepted_machines = ["monitor.example"]\n',
        "support.accepted_machines.0",
        "@monitor.example",
    ),
    "a machine with two domains": (
        '[support]\naccepted_machines = ["@a.example@b.example"]\n',
        "support.accepted_machines.0",
        "@monitor.example",
    ),
    "an address with a name": ('[support]\naddresses = ["A <a@x.example>"]\n', "support.addresses.0", "mail address"),
    "an address with two at signs": (
        '[support]\naddresses = ["a@b@x.example"]\n',
        "support.addresses.0",
        "mail address",
    ),
    "an address with a line break": ('[service]\nadmin = "a@x.example\\nBcc: b"\n', "service.admin", "mail address"),
    "no address at all": ("[support]\naddresses = []\n", "support.addresses", "at least 1"),
    "an endpoint without a port": ('[smtp]\nlisten = "127.0.0.1"\n', "smtp.listen", "127.0.0.1:2525"),
    "a port that is none": ('[smtp]\nlisten = "127.0.0.1:70000"\n', "smtp.listen", "HOST:PORT"),
    "a network that is none": (
        '[smtp]\ntrusted_networks = ["192.0.2.1/24"]\n',
        "smtp.trusted_networks.0",
        "192.0.2.0/24",
    ),
    "a bad regular expression": (
        '[[rules]]\nname = "r"\ncategory = "Login"\npatterns = ["(a"]\n',
        "rules.0.patterns.0",
        "not a regular expression",
    ),
    "a rule that finds nothing": ('[[rules]]\nname = "r"\ncategory = "Login"\n', "rules.0", "phrases or patterns"),
    "a rule that decides nothing": ('[[rules]]\nname = "r"\nphrases = ["abc"]\n', "rules.0", "category or a priority"),
    "a rule for an unknown category": (
        '[[rules]]\nname = "r"\ncategory = "Paiments"\nphrases = ["abc"]\n',
        "rules.r.category",
        "known are General, Login, Payments, Technical",
    ),
    "a category of an unknown team": (
        '[[categories]]\nname = "Sales"\nteam = "SALES"\n',
        "categories.Sales.team",
        "no team is named 'SALES'; known are",
    ),
    "an unknown review team": ('[triage]\nreview_team = "NOBODY"\n', "triage.review_team", "known are"),
    "an unknown fallback team": ('[triage]\nfallback_team = "NOBODY"\n', "triage.fallback_team", "known are"),
    "a team that stands twice": (
        '[[teams]]\nname = "A"\nemail = "a@x.example"\n[[teams]]\nname = "A"\nemail = "b@x.example"\n',
        "teams",
        "used twice",
    ),
    "an address that is there twice": (
        '[support]\naddresses = ["a@x.example", { address = "A@X.example" }]\n',
        "support.addresses",
        "a@x.example is there twice; keep one entry",
    ),
    "an address for an unknown category": (
        '[[support.addresses]]\naddress = "a@x.example"\ncategory = "Paiments"\n',
        "support.addresses.a@x.example.category",
        "known are General, Login, Payments, Technical",
    ),
    "an address for an unknown team": (
        '[[support.addresses]]\naddress = "a@x.example"\nteam = "SALES"\n',
        "support.addresses.a@x.example.team",
        "no team is named 'SALES'; known are",
    ),
    "an address with an unknown server": (
        '[[support.addresses]]\naddress = "a@x.example"\nserver = "shop"\n',
        "support.addresses.a@x.example.server",
        "no server is named 'shop'; none is configured; add it as [[outgoing.servers]]",
    ),
    "an address that fixes nothing": (
        '[[support.addresses]]\naddress = "a@x.example"\ntriage = "fixed"\n',
        "support.addresses.0",
        "needs a category or a team",
    ),
    "a server without a host": ('[[outgoing.servers]]\nname = "shop"\n', "outgoing.servers.0.host", "required"),
    "a server that is there twice": (
        '[[outgoing.servers]]\nname = "shop"\nhost = "a"\n[[outgoing.servers]]\nname = "shop"\nhost = "b"\n',
        "outgoing.servers",
        "two servers are named 'shop'",
    ),
    "a mailbox of an unknown address": (
        '[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\npassword = "p"\naddress = "a@x.example"\n',
        "imap.work.address",
        "none of support.addresses; known are support@example.com",
    ),
    "a team at our own address": (
        '[support]\naddresses = ["help@example.com", "Payments-Team@Example.com"]\n',
        "teams.PAYMENTS_TEAM",
        "would loop",
    ),
    "a member at our own address": (
        ONE_TEAM.replace("[]", '["a@x.example", "Support@Example.com"]'),
        "teams.A",
        "would loop",
    ),
    "an admin at our own address": ('[service]\nadmin = "support@example.com"\n', "service.admin", "would loop"),
    "an unknown word": ('[smtp]\nprotocol = "http"\n', "smtp.protocol", "'smtp' or 'lmtp'"),
    "a share over one": ("[triage]\nthreshold = 1.5\n", "triage.threshold", "less than or equal to 1"),
    "a limit of nothing": ("[limits]\nconnections = 0\n", "limits.connections", "greater than or equal to 1"),
    "a word for a number": ('[limits]\nconnections = "many"\n', "limits.connections", "integer"),
    "a section that is a value": ("smtp = 1\n", "smtp", ""),
    "a certificate without its key": ('[smtp]\ncertificate = "c.pem"\n', "smtp", "belong together"),
    "users without TLS": ('[smtp]\nusers = {ann = "secret"}\n', "smtp", "need TLS"),
    "a mailbox without a credential": (
        '[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\n',
        "imap.0",
        "either password or oauth2",
    ),
    "a mailbox without a host": (
        '[[imap]]\nname = "work"\nusername = "u"\npassword = "p"\n',
        "imap.0.host",
        "required",
    ),
    "no TOML": ("[smtp\n", "", "not TOML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refused_is(name: str, tmp_path: Path) -> None:
    text, key, right = WRONG[name]
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load(path)
    line = str(error.value)
    assert line.startswith(f"{path}: {key}")
    assert right in line
    assert "\n" not in line


def test_more_mistakes_are_counted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"and 1 more"):
        load(written(tmp_path, "[smtp]\none = 1\ntwo = 2\n"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read: No such file"):
        load(tmp_path / "missing.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not TOML"):
        load(tmp_path / "binary.toml")


SECRETS = [
    '[outgoing]\npassword = "s3cret"\n',
    '[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\npassword = "s3cret"\n',
    '[smtp]\ncertificate = "c"\nkey = "k"\nusers = {ann = "s3cret"}\n',
    '[database]\nurl = "postgresql://triaged:s3cret@db.example/triaged"\n',
    '[broker]\nurl = "redis://:s3cret@redis.example/0"\n',
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_that_others_can_read_is_refused(text: str, tmp_path: Path) -> None:
    assert load(written(tmp_path, text, 0o600))
    for mode in (0o640, 0o604, 0o644):
        with pytest.raises(ConfigError, match="chmod 600"):
            load(written(tmp_path, text, mode))


@pytest.mark.parametrize(
    "text",
    ['[outgoing]\npassword = ""\n', "[smtp]\nusers = {}\n", '[broker]\nurl = "redis://redis.example:6379/0"\n', ""],
)
def test_a_file_without_secrets_may_be_read_by_all(text: str, tmp_path: Path) -> None:
    assert load(written(tmp_path, text, 0o644))


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_is_shown(text: str, tmp_path: Path) -> None:
    settings = load(written(tmp_path, text))
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in repr(masked(settings))
    assert "***" in repr(masked(settings))


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, '[smtp]\nlisten = "127.0.0.1:25"\nhostname = "mx.example.com"\n')
    monkeypatch.setenv("TRIAGED_SMTP__LISTEN", "127.0.0.1:26")
    monkeypatch.setenv("TRIAGED_LIMITS__RECIPIENTS", "7")
    settings = load(path)
    assert (settings.smtp.listen, settings.smtp.hostname) == ("127.0.0.1:26", "mx.example.com")
    assert settings.limits.recipients == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRIAGED_SMTP__LISTNE", "x"),
        ("TRIAGED_SMPT__LISTEN", "x"),
        ("TRIAGED_NOTHING", "x"),
        ("TRIAGED_SMTP__LISTEN", "nowhere"),
        ("TRIAGED_LIMITS__RECIPIENTS", "many"),
        ("TRIAGED_SMTP", "not JSON"),
        ("TRIAGED_IMAP", "[{"),
        ("TRIAGED_SUPPORT__ADDRESSES", "support@example.com"),
    ],
)
def test_a_mistake_in_the_environment_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as error:
        load()
    assert name in str(error.value) or name.removeprefix("TRIAGED_").replace("__", ".").lower() in str(error.value)


def credentials(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    directory = folder / "credentials"
    directory.mkdir()
    for name, text in files.items():
        (directory / name.replace("__", ".")).write_text(text)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))


def secrets_of(settings: Settings) -> tuple[Any, ...]:
    return settings.outgoing.password.get_secret_value(), *(box.password.get_secret_value() for box in settings.imap)


def test_secrets_come_from_systemd_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch, outgoing__password="one\n", imap__work__password="two\n", other="x", a__b="x")
    path = written(tmp_path, '[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\n', 0o644)
    assert secrets_of(load(path)) == ("one", "two")


def test_a_credential_wins_over_the_file_and_the_environment_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials(tmp_path, monkeypatch, outgoing__password="credential", outgoing__username="ann")
    path = written(tmp_path, '[outgoing]\npassword = "file"\nusername = "bob"\n')
    monkeypatch.setenv("TRIAGED_OUTGOING__USERNAME", "eve")
    settings = load(path)
    assert (settings.outgoing.username, secrets_of(settings)) == ("eve", ("credential",))


def test_a_credential_that_fits_no_setting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch, outgoing__pasword="x")
    with pytest.raises(ConfigError, match=r"outgoing\.pasword: no such setting"):
        load()


def test_a_credential_for_an_unknown_mailbox_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch, imap__wrok__password="x")
    path = written(tmp_path, '[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\npassword = "p"\n')
    with pytest.raises(ConfigError, match="wrok"):
        load(path)


def test_an_unreadable_credential_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch)
    (tmp_path / "credentials" / "outgoing.password").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"outgoing\.password: the credential cannot be read"):
        load()


def test_credentials_that_are_not_there_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "missing"))
    with pytest.raises(ConfigError, match="missing"):
        load()


def test_credentials_that_contradict_each_other_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(tmp_path, monkeypatch, smtp__users="x", smtp__users__ann="y")
    with pytest.raises(ConfigError):
        load()


def test_shipped_rules_leave_out_categories_that_are_not_there(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[[categories]]\nname = "Payments"\nteam = "PAYMENTS_TEAM"\n'))
    assert {rule.category for rule in settings.rules} <= {"Payments", None}


def test_no_rules_are_no_rules(tmp_path: Path) -> None:
    assert load(written(tmp_path, "rules = []\n")).rules == ()


SHOP = """
[support]
addresses = ["help@example.com", { address = "Billing@Shop.example", name = "Shop", category = "Payments" }]
[[outgoing.servers]]
name = "shop"
host = "mail.shop.example"
"""


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


def test_a_credential_is_the_password_of_a_further_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "outgoing.servers.shop.password").write_text("secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    (server,) = load(written(tmp_path, SHOP)).outgoing.servers
    assert server.password.get_secret_value() == "secret"


def test_a_password_of_a_further_server_must_not_be_readable_by_others(tmp_path: Path) -> None:
    path = written(tmp_path, f'{SHOP}password = "secret"\n', 0o644)
    with pytest.raises(ConfigError, match="holds a secret"):
        load(path)
    assert "secret" not in str(masked(load(written(tmp_path, f'{SHOP}password = "secret"\n'))))
