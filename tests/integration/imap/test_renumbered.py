"""A folder that got another UIDVALIDITY, as after a move to another server: what an admin sees of it."""

from sqlalchemy import select

from daemon.store.models import ImapCursor
from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.imap import Taker, account, cursor, mail, polling, set_cursor
from tests.support.imap_server import ImapServer


def test_an_email_that_is_stored_while_a_folder_is_read_again_is_the_last_one(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    set_cursor(store, 7, 0)
    server.inbox.add(mail("new"))
    with polling(account(server.port), taker):
        eventually(lambda: cursor(store) == (1, 1))
    with store.read() as db:
        assert db.execute(select(ImapCursor.last_mail_at)).scalar_one() is not None
