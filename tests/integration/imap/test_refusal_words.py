"""What an admin reads when a mailbox refuses the login: words, and no bytes of Python."""

import pytest

from daemon.imap.login import LoginRefusedError
from daemon.imap.session import connect
from tests.support.fakes import eventually
from tests.support.imap import BRISK, Taker, account, polling
from tests.support.imap_server import Connection, ImapServer


@pytest.mark.parametrize("username", ["user", "DOMAIN\\ann smith"])
def test_a_refused_login_is_said_in_words(server: ImapServer, username: str) -> None:
    server.password = "changed"
    server.likes = lambda _answer: False
    with (
        pytest.raises(LoginRefusedError) as refused,
        connect(account(server.port, username=username), None, BRISK, 1000),
    ):
        pass
    assert str(refused.value) == "login refused: [AUTHENTICATIONFAILED] wrong"


def test_text_that_is_not_utf_8_is_said_too(server: ImapServer) -> None:
    def refuse(connection: Connection, tag: str) -> None:
        connection.send(tag.encode() + b" NO Anmeldung ung\xfcltig, it's wrong")

    server.fault("LOGIN", refuse)
    with pytest.raises(LoginRefusedError) as refused, connect(account(server.port), None, BRISK, 1000):
        pass
    assert str(refused.value) == "login refused: Anmeldung ung\ufffdltig, it's wrong"


def test_a_busy_server_is_said_in_words(server: ImapServer, taker: Taker) -> None:
    def busy(connection: Connection, tag: str) -> None:
        connection.send(f"{tag} NO [UNAVAILABLE] later")

    server.fault("LOGIN", busy, times=1000)
    with polling(account(server.port), taker) as poller:
        eventually(lambda: poller.state().error)
        assert poller.state().error == "[UNAVAILABLE] later"
