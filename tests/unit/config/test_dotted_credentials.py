"""Credentials of users, mailboxes and mail servers whose names have dots, such as addresses."""

from pathlib import Path

import pytest

from config.settings import load

TABLES = '[[imap]]\nname = "{name}"\nhost = "h"\nusername = "u"\n{more}\n'
OAUTH2 = '[imap.oauth2]\ntoken_url = "https://login.example.com/token"\nclient_id = "c"\n'
SERVER = (
    '[[support.addresses]]\naddress = "a@shop.test"\nserver = "mx.shop.test"\n'
    '[[outgoing.servers]]\nname = "mx.shop.test"\nhost = "h"\nusername = "u"\n'
)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "credentials"
    found.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(found))
    return found


def write(directory: Path, text: str, **credentials: str) -> Path:
    for name, secret in credentials.items():
        (directory / name).write_text(secret, encoding="utf-8")
    file = directory.parent / "triaged.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_user_may_be_named_by_an_address(directory: Path) -> None:
    for name in ("tls.pem", "tls.key"):
        (directory.parent / name).touch()
    text = f'[smtp]\ncertificate = "{directory.parent}/tls.pem"\nkey = "{directory.parent}/tls.key"\n'
    secrets = {"smtp.users.ana@mail.shop.test": "hers", "triaged_smtp.users.relay": "its"}
    users = load(write(directory, text, **secrets)).smtp.users
    assert {name: user.get_secret_value() for name, user in users.items()} == {
        "ana@mail.shop.test": "hers",
        "relay": "its",
    }


def test_a_mailbox_may_have_a_dot_in_its_name(directory: Path) -> None:
    file = write(directory, TABLES.format(name="work.eu", more=""), **{"imap.work.eu.password": "secret"})
    assert load(file).imap[0].password.get_secret_value() == "secret"


def test_so_may_one_with_oauth2(directory: Path) -> None:
    file = write(
        directory, TABLES.format(name="work.eu", more=OAUTH2), **{"imap.work.eu.oauth2.client_secret": "secret"}
    )
    oauth2 = load(file).imap[0].oauth2
    assert oauth2 is not None
    assert oauth2.client_secret.get_secret_value() == "secret"


def test_a_mail_server_may_be_named_by_its_host(directory: Path) -> None:
    file = write(directory, SERVER, **{"outgoing.servers.mx.shop.test.password": "secret"})
    assert load(file).outgoing.servers[0].password.get_secret_value() == "secret"
