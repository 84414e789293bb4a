"""The messages before the one at hand, as a team reads them."""

from datetime import UTC, datetime

import pytest

from daemon.snapshots import EarlierMessage
from daemon.vocabulary import MessageRole
from workers.notify.background_view import earlier_messages

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("role", "by_email", "text", "shown"),
    [
        (MessageRole.ANSWER, True, "#close\nPlease wait.", "Please wait."),
        (MessageRole.NOTE, True, "#note\nA friend of the owner.", "A friend of the owner."),
        (MessageRole.ANSWER, False, "#close is what you typed.", "#close is what you typed."),
        (MessageRole.CUSTOMER, True, "#close\nI typed this.", "#close\nI typed this."),
    ],
)
def test_the_commands_of_a_member_are_no_words_of_their_message(
    role: MessageRole, by_email: bool, text: str, shown: str
) -> None:
    [one] = earlier_messages([EarlierMessage(role, "Ana", AT, text, by_email)])
    assert one.passage.text == shown


def test_an_email_of_commands_alone_is_no_note() -> None:
    note = EarlierMessage(MessageRole.NOTE, "Ana", AT, "#merge HD-2K32-FE76\n", by_email=True)
    empty = EarlierMessage(MessageRole.CUSTOMER, "Ann", AT, "", by_email=True)
    assert [one.who for one in earlier_messages([note, empty])] == ["Ann"]
