"""The page of an email shows what it says, so that an admin releases no email unseen."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from daemon.store.models import InboundRow
from daemon.store.store import Store
from tests.support.emails import inbound, mail
from tests.support.http import Web, web
from tests.support.pages import ADMIN, SETTINGS, VIEWER, signed_in, text_of

AUTOMATIC = mail(subject="Out of <b>office", body="I am away until Monday.", headers=("Auto-Submitted: auto-replied",))


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


@pytest.mark.parametrize("email", [ADMIN, VIEWER])
def test_shows_subject_and_text(case: Web, email: str) -> None:
    case.intake.accept(inbound(AUTOMATIC, received_at=case.clock.now()))
    answer = signed_in(case, email).get("/ui/mail/1")
    assert "Out of &lt;b&gt;office" in answer.text
    assert "I am away until Monday." in text_of(answer)
    assert ("A person wrote this: release it" in answer.text) is (email == ADMIN)


def test_shows_the_start_of_a_long_text(case: Web) -> None:
    case.intake.accept(inbound(mail(body="word " * 10_000), received_at=case.clock.now()))
    shown = signed_in(case, ADMIN).get("/ui/mail/1").text
    assert "word word" in shown
    assert len(shown) < 20_000


def test_an_email_that_could_not_be_read_is_not_read_again(case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_raw: bytes) -> None:
        raise RuntimeError

    case.intake.accept(inbound(AUTOMATIC, received_at=case.clock.now()))
    case.store.write(lambda session: session.execute(update(InboundRow).values(disposition="parked")))
    monkeypatch.setattr("daemon.web.pages.mail.parse", fails)
    assert signed_in(case, ADMIN).get("/ui/mail/1").status_code == 200
