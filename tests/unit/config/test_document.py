"""The reference and the file to copy from say what the schema says, and the file is valid when it is uncommented."""

import re
from pathlib import Path

import pytest

from config import document
from config.settings import load

COMMENT = re.compile(r"^# ", re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "text"), [(document.REFERENCE, document.reference()), (document.EXAMPLE, document.example())]
)
def test_the_file_is_what_make_docs_writes(path: Path, text: str) -> None:
    assert path.read_text("utf-8") == text, "run `make docs`"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [(f"{table.name}.{setting.name}", setting.sentence) for table in document.tables() for setting in table.settings],
)
def test_a_setting_is_explained_in_a_sentence(name: str, sentence: str) -> None:
    assert re.fullmatch(r"(?:[A-Z]|[a-z]+: ).+\.", sentence), name


def test_every_commented_setting_can_be_uncommented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    path = tmp_path / "triaged.toml"
    path.write_text(COMMENT.sub("", document.example()), "utf-8")
    path.chmod(0o600)
    settings = load(path)
    assert settings.service.admin == "admin@example.com"
    assert [mailbox.name for mailbox in settings.imap] == ["work"]
    assert [rule.phrases for rule in settings.rules] == [("debited but not credited",)]


@pytest.mark.parametrize(
    ("value", "toml"),
    [
        ('a\\b"c', r'"a\\b\"c"'),
        (True, "true"),
        (60.0, "60"),
        (0.6, "0.6"),
        (("a", "b"), '["a", "b"]'),
        ({}, "{}"),
        ({"relay": "password"}, '{ relay = "password" }'),
    ],
)
def test_a_value_is_written_as_toml(value: object, toml: str) -> None:
    assert document.literal(value) == toml
