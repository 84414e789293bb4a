"""Wrong settings are refused by one line that names the place, the fault and what would be right."""

from pathlib import Path

import pytest

from config.settings import ConfigError, load
from tests.support.settings_files import written

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
    "a time zone of nowhere": ('[support]\ntimezone = "Mars/Olympus"\n', "support.timezone", "Europe/Berlin"),
    "a folder of time zones": ('[support]\ntimezone = "Europe"\n', "support.timezone", "no time zone"),
    "a time zone outside": ('[support]\ntimezone = "../../etc/passwd"\n', "support.timezone", "no time zone"),
    "no time zone": ('[support]\ntimezone = ""\n', "support.timezone", "no time zone"),
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
