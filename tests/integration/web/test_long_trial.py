"""A trial of too long an email gives the text back with the mistake beside it."""

from daemon.store.store import Store
from daemon.web.pages.system import LONGEST_EMAIL
from tests.support.http import web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in
from tests.support.web_tools import FakeTools


def test_too_long_an_email_is_kept_in_its_field(sqlite_store: Store) -> None:
    with web(sqlite_store, tools=FakeTools(), **SETTINGS) as case:
        shown = send(signed_in(case, MEMBER), "/ui/try", text="kept words " + "x" * LONGEST_EMAIL)
        assert shown.status_code == 413
        assert 'id="mistake">Paste at most 500,000 characters.' in shown.text
        assert ">kept words x" in shown.text
