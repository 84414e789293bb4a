"""An email that the server refuses to send is listed with that reason, not with a breach of the protocol."""

from sqlalchemy import select

from daemon.store.models import ImapUnreadable
from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.imap import Taker, account, begun, mail, polling, rows
from tests.support.imap_faults import refusal
from tests.support.imap_server import ImapServer


def test_a_refused_email_is_listed_with_the_refusal(store: Store) -> None:
    with ImapServer() as server, polling(account(server.port), Taker(store)):
        eventually(lambda: begun(store))
        server.fault("UID FETCH", refusal, times=1000)
        server.inbox.add(mail("refused"))
        eventually(lambda: bool(rows(store, select(ImapUnreadable.reason))))
        [reason] = rows(store, select(ImapUnreadable.reason))
    assert "the server refuses this email" in str(reason)
    assert "protocol" not in str(reason)
