"""Secrets: read from credentials of systemd, hidden, and refused in files that others can read."""

from pathlib import Path
from typing import Any

import pytest

from config.settings import ConfigError, Settings, load, masked
from tests.support.settings_files import SHOP, written

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
