"""The page of an email shows what it says, so that an admin releases no email unseen."""

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, event, update

from daemon.store.models import InboundRow, MessageRow
from daemon.store.queries import lists
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


def listed(case: Web) -> str:
    return text_of(signed_in(case, VIEWER).get("/ui/mail"))


def park(case: Web, number: int) -> None:
    """Do to an email what a bug of ours does."""
    case.store.write(
        lambda session: session.execute(delete(MessageRow).where(MessageRow.inbound_id == number)) and None
    )
    parked = update(InboundRow).where(InboundRow.id == number).values(disposition="parked", ticket_id=None)
    case.store.write(lambda session: session.execute(parked) and None)


def test_the_list_shows_author_and_subject_of_what_became_a_message(case: Web) -> None:
    raw = mail('"Ann <b>Example" <ann@customer.example>', subject="Refund <script>")
    for _ in range(2):
        case.intake.accept(inbound(raw, mail_from="bounces+7@relay.example", received_at=case.clock.now()))
    answer = signed_in(case, VIEWER).get("/ui/mail")
    # The second is a duplicate of the first.
    assert answer.text.count("<bdi>Refund &lt;script&gt;</bdi>") == 2
    assert answer.text.count("<bdi>Ann &lt;b&gt;Example</bdi></a>") == 2
    assert "ann@customer.example" in text_of(answer)
    assert "sent as bounces+7@relay.example" in text_of(answer)


def test_the_list_shows_the_envelope_sender_where_the_author_is_not_known(case: Web) -> None:
    case.intake.accept(inbound(AUTOMATIC, mail_from="away@customer.example", received_at=case.clock.now()))
    assert "away@customer.example" in listed(case)
    assert "Out of" not in listed(case)


def test_the_list_shows_the_head_of_a_parked_email(case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    case.intake.accept(inbound(mail(subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=", body="x"), received_at=case.clock.now()))
    park(case, 1)
    shown = listed(case)
    assert "Grüße" in shown
    assert "Ann Example" in shown

    def fails(_raw: bytes) -> None:
        raise RuntimeError

    monkeypatch.setattr("daemon.web.pages.mail.read_header", fails)
    shown = listed(case)
    assert "Grüße" not in shown
    assert "ann@customer.example parked" in shown


def test_the_list_reads_no_large_parked_email_and_shows_no_long_subject(
    case: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "HEAD_BYTES", 2000)
    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=9000))
    for number, body in enumerate((noise, "small"), 1):
        case.intake.accept(inbound(mail(subject="long " * 100 + str(number), body=body), received_at=case.clock.now()))
        park(case, number)
    shown = listed(case)
    assert shown.count("long long") >= 1
    assert shown.count("long ") <= 40
    assert shown.count("Ann Example") == 1


def test_the_list_asks_once_for_all_authors(case: Web) -> None:
    def statements() -> int:
        found: list[str] = []
        listener = lambda *arguments: found.append(arguments[2])  # noqa: E731 - of one line
        event.listen(case.store.engine, "before_cursor_execute", listener)
        listed(case)
        event.remove(case.store.engine, "before_cursor_execute", listener)
        return sum("JOIN message" in one for one in found)

    for number in range(3):
        case.intake.accept(inbound(mail(subject=f"n {number}", body=f"n {number}"), received_at=case.clock.now()))
    few = statements()
    for number in range(3, 20):
        case.intake.accept(inbound(mail(subject=f"n {number}", body=f"n {number}"), received_at=case.clock.now()))
    assert statements() == few == 1
