"""Similar earlier tickets in an email to the team: nothing of them leaves, whatever a member does with that email."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.schema import TriageSection
from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.desks import in_process
from tests.support.encoders import FakeEncoder
from tests.support.helpdesk import MEMBER, text_of
from workers.learning import semantic

SAID = "We have booked it today."
HEADING = "Similar earlier tickets of your team"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path) -> Iterator[Desk]:
    """Return a running triaged with an encoder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semantic, "shared", lambda **_: FakeEncoder())
        triage = TriageSection(examples=examples, semantic=True)
        with in_process(tmp_path_factory.mktemp("desk") / "state", examples, models, triage=triage) as running:
            yield running


def lines(talk: Conversation) -> list[str]:
    """Return what the notification says of similar tickets."""
    after = text_of(talk.emails(TEAM)[0]).split(HEADING, 1)[1].strip().split("\n\n")
    return [line.removeprefix("- ").strip() for line in after[0 if "- " in after[0] else 1].splitlines()]


def two(desk: Desk) -> tuple[Conversation, str, str]:
    """Return a conversation whose notification shows an earlier ticket, the line about that, and its reference."""
    earlier = Conversation(desk, "dora", body="Amount debited but not credited, the payment of March. I want a refund.")
    earlier.write(earlier.last(TEAM), "We pay it back on Monday.")
    talk = Conversation(desk, body="Amount debited but not credited: where is my refund for the payment?")
    shown = lines(talk)
    reference = earlier.ticket.reference
    [line] = [one for one in shown if reference in one]
    return talk, line, reference


def assert_nothing_left(talk: Conversation, line: str, reference: str) -> None:
    """Check what the customer got, as it came and as a person reads it."""
    emails = talk.emails(talk.customer)
    said = " ".join(text for one in emails for text in (one.as_string(), words_of(one))).lower()
    assert emails
    for ours in (reference, HEADING, line.partition("(")[2].rstrip(")")):
        assert ours.lower() not in said


@pytest.mark.parametrize("style", ["top", "inline"])
@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird-plain-text", "mutt"])
def test_a_quote_of_the_email_leaves_no_line_of_them(desk: Desk, client: str, style: str) -> None:
    talk, line, reference = two(desk)
    below = {"where is my refund": SAID} if style == "inline" else {}
    talk.answer(talk.last(TEAM), client, *(() if below else (SAID,)), style=style, below=below)
    assert talk.answers() == [(MEMBER, "sent")]
    assert SAID in words_of(talk.last(talk.customer))
    assert_nothing_left(talk, line, reference)


def test_words_in_the_same_line_hold_the_answer_and_its_author_reads_them(desk: Desk) -> None:
    talk, line, reference = two(desk)
    talk.write(talk.last(TEAM), f"Hello,\n\n{line}: {SAID}")
    assert [state for _, state in talk.answers()] == ["held"]
    assert SAID in words_of(talk.last(MEMBER))
    assert_nothing_left(talk, line, reference)


def wrapped(line: str) -> str:
    words = line.split()
    return f"{' '.join(words[:3])}\n{' '.join(words[3:])}"


PASTES: dict[str, Callable[[str, str], str]] = {
    "a line": lambda line, _: f"Hello,\n\n{line}\n\nso we pay it back.",
    "a list": lambda line, _: f"Hello,\n\n  • {line}\n\nso we pay it back.",
    "a quote": lambda line, _: f"Hello,\n\n>> {HEADING}\n>> - {line}\n\nso we pay it back.",
    "wrapped": lambda line, _: f"Hello,\n\n{wrapped(line)}\n\nso we pay it back.",
    "in capitals": lambda line, _: f"We pay it back.\n\n{line.upper()}",
    "in other brackets": lambda line, _: f"We pay it back.\n\n{line.replace('(', '[').replace(')', ']')}",
    "words in the same line": lambda line, _: f"Hello,\n\n{line}: so we pay it back.",
    "a signature": lambda line, _: f"We pay it back.\n\n-- \n{line}",
    "the end of the email": lambda _, whole: f"We pay it back.\n\n{whole[whole.index(HEADING) :]}",
    "a forwarded email": lambda _, whole: f"FYI\n\n---------- Forwarded message ---------\n\n{whole}",
}


@pytest.mark.parametrize("paste", PASTES)
def test_what_a_member_copies_of_them_does_not_leave(desk: Desk, paste: str) -> None:
    talk, line, reference = two(desk)
    talk.write(talk.last(TEAM), PASTES[paste](line, text_of(talk.emails(TEAM)[0])))
    assert_nothing_left(talk, line, reference)
