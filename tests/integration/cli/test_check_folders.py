"""`triaged check` gives advice that fits what is wrong with a mailbox."""

from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.imap_server import ImapServer


@pytest.mark.parametrize(
    ("folder", "password", "text", "advice"),
    [
        ("Gone", "pass", "there is no folder 'Gone' in this mailbox", "correct its folders in [[imap]]"),
        (
            "INBOX",
            "mistaken",
            "login refused: [AUTHENTICATIONFAILED] wrong",
            "check its host, port, security, username",
        ),
    ],
)
def test_a_mailbox_that_cannot_be_read(
    case: Case, bare: Path, folder: str, password: str, text: str, advice: str
) -> None:
    with ImapServer() as server:
        (bare / "triaged.toml").write_text(
            f'[[imap]]\nname = "work"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            f'username = "user"\npassword = "{password}"\nfolders = ["{folder}"]\n',
            encoding="utf-8",
        )
        (bare / "triaged.toml").chmod(0o600)
        rows = case.run("check", "--json").rows
    (found,) = [row for row in rows if row["what"] == "mailbox work"]
    assert found["state"] == "fail"
    assert found["text"].endswith(text)
    assert found["advice"].startswith(advice)
