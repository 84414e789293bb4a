"""What the team reads of a note, and of a customer who wrote before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.conversation import BEN, IDENTITY, TEAM, Conversation, Desk, words_of
from tests.support.desks import in_process
from tests.support.emails import mail


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path) -> Iterator[Desk]:
    with in_process(tmp_path_factory.mktemp("members") / "state", examples, models) as running:
        yield running


def test_a_note_is_announced_as_one_without_its_commands(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "#NOTE:\n#assign IDENTITY_TEAM\n\nPlease look at #42.", BEN)
    note = words_of(talk.emails(IDENTITY)[0])
    assert note.startswith(
        "Ben Reis wrote an internal note. The customer does not get it. Please look at #42. Your reply"
    )
    assert "First ticket" not in note


def test_a_follow_up_does_not_call_the_ticket_the_first_of_a_customer_who_has_others(desk: Desk) -> None:
    talk = Conversation(desk)
    again = mail(f"Ann Lee <{talk.customer}>", "Card blocked", "Amount debited but not credited, order 9.")
    talk.send(again, talk.customer)
    assert "2nd ticket in 30 days" in words_of(talk.last(TEAM))
    talk.write(talk.last(talk.customer), "Any news?", f"Ann Lee <{talk.customer}>")
    follow_up = words_of(talk.last(TEAM))
    assert "Any news?" in follow_up
    assert "First ticket" not in follow_up
