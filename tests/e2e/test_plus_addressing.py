"""A conversation at an address whose mail server knows no plus addresses: tokens travel in Message-ID and text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Support
from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, bare_link, links, words_of
from tests.support.desks import in_process
from tests.support.emails import SUPPORT, mail
from tests.support.helpdesk import MEMBER
from tests.support.mail_clients import press


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path) -> Iterator[Desk]:
    support = Support(addresses=({"address": SUPPORT, "plus_addressing": False},))
    state = tmp_path_factory.mktemp("plain") / "state"
    with in_process(state, examples, models, plus_addressing=False, support=support) as running:
        yield running


def test_customer_and_team_hold_a_conversation_without_a_plus_in_any_address(desk: Desk) -> None:
    talk = Conversation(desk)
    acknowledgement, notification = talk.last(talk.customer), talk.last(TEAM)
    raw = mail(
        ANA,
        f"Re: {notification['Subject']}",
        "It is booked.",
        in_reply_to=str(notification["Message-ID"]),
        date=talk.date(),
    )
    talk.send(raw, MEMBER, SUPPORT)
    answer = talk.last(talk.customer)
    assert "It is booked." in words_of(answer)
    thanks = mail(talk.customer, f"Re: {answer['Subject']}", "Thank you!", in_reply_to=str(answer["Message-ID"]))
    talk.send(thanks, talk.customer, SUPPORT)
    assert "Thank you!" in words_of(talk.last(TEAM))
    for email in (acknowledgement, notification, answer):
        assert "+" not in "".join(str(email[name]) for name in ("From", "Reply-To") if email[name])
    assert all("+" not in one.mail_from for one in desk.taken())


def test_a_press_there_goes_to_the_plain_address_and_is_obeyed(desk: Desk) -> None:
    talk = Conversation(desk, "bea")
    link = next(one for one in links(talk.last(TEAM)) if "take" in one)
    assert bare_link(link) == SUPPORT
    talk.send(talk.dated(press("gmail-web", link, author=BEN)), TEAM, SUPPORT)
    assert talk.ticket.taken_by == TEAM
