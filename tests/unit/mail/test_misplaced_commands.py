"""Commands below other text: the customer would read them as text, and nobody would notice."""

import pytest

from daemon.mail.commands import CommandError, CommandVocabulary, find_misplaced

VOCABULARY = CommandVocabulary(("TECH_SUPPORT",), ("Login",), ("High",), "HD")
MISPLACED = (
    "It is booked.\n#close",
    "It is booked.\n\n#Close \n\nAna Silva",
    "It is booked.\r\n\uff03close",
    "It is booked.\n#note She is a fraud.",
    "It is booked.\n#note: She is a fraud.",
    "It is booked.\n#note",
    "It is booked.\n#wait 3d",
    "It is booked.\n#assign nobody",
    "It is booked.\n#category",
    "It is booked.\n  #\u200bresolve",
    "#!/bin/sh\n#spam",
    "It is booked.\n- #note She is a fraud.",
    "It is booked.\n\n\u2022 #close",
    "It is booked.\n  * #take",
    "It is booked.\n2. #resolve",
    "It is booked.\n**#close**",
    "- It is booked.\n- #assign TECH_SUPPORT",
)
TEXT = (
    "",
    "It is booked. #close",
    "Write #close to close it.",
    "#1 is done",
    "# close",
    "#closed",
    "#new customers get a discount",
    "#open the door",
    "> #close",
    "    #close",
    "```\n#close\n```\nThis closes it.",
    "#hashtag",
    "- #1 is done",
    "- #open the door",
    "- #hashtag",
    "> - #close",
    "```\n- #close\n```",
    "Either wait - #close is for us - or call.",
)


@pytest.mark.parametrize("text", MISPLACED)
def test_a_command_below_other_text_is_found(text: str) -> None:
    found = find_misplaced(text, VOCABULARY)
    assert isinstance(found, CommandError)
    assert found.line.strip(" \uff03#") != ""
    assert "above all other text" in found.message
    assert len(found.nearest) == 1


def test_a_line_of_the_customer_is_no_command() -> None:
    assert find_misplaced("It is booked.\n#close\nBye.", VOCABULARY, ("Hello\r\n #close\r\n",)) is None
    assert find_misplaced("It is booked.\n#spam\nBye.", VOCABULARY, ("Hello\r\n #close\r\n",)) is not None


@pytest.mark.parametrize("text", TEXT)
def test_what_only_looks_like_a_command_is_text(text: str) -> None:
    assert find_misplaced(text, VOCABULARY) is None
