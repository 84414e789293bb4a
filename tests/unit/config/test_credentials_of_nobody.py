"""A credential that no table of the settings is named for."""

from pathlib import Path

import pytest

from config.settings import ConfigError, load


@pytest.mark.parametrize(
    ("credential", "array"), [("imap.gone.password", "imap"), ("outgoing.servers.gone.password", "servers")]
)
@pytest.mark.parametrize("text", ["", '[outgoing]\nhost = "mail.example.com"\n'])
def test_is_named_although_there_is_no_table_at_all(
    credential: str, array: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, file = tmp_path / "credentials", tmp_path / "triaged.toml"
    directory.mkdir()
    (directory / credential).write_text("secret", encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))
    with pytest.raises(ConfigError) as refusal:
        load(file)
    assert str(refusal.value) == f"credential {array}.gone: nothing in [[{array}]] is named 'gone'"


def test_that_cannot_be_read_is_named_without_the_number_of_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outgoing.password"
    path.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError) as refusal:
        load(None)
    assert str(refusal.value) == f"{path}: the credential cannot be read: Is a directory"
