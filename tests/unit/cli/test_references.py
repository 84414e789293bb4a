"""What a command says about a text that names no ticket."""

import pytest

from daemon.cli.support.context import NotFound
from daemon.cli.support.references import existing
from daemon.mail.reference import find_references, make_reference
from daemon.store.store import Store

REFERENCE = make_reference("HD", 12_345_678_901)
MISTYPED = REFERENCE[:-1] + ("2" if REFERENCE[-1] != "2" else "3")


def _said(store: Store, text: str) -> str:
    with store.read() as session, pytest.raises(NotFound) as refusal:
        existing(session, text, "HD")
    return refusal.value.message


def test_a_reference_with_a_wrong_character_is_not_said_to_look_otherwise(sqlite_store: Store) -> None:
    for text in (MISTYPED, MISTYPED.lower(), MISTYPED.removeprefix("HD-")):
        said = _said(sqlite_store, text)
        assert "a character of the reference is wrong" in said
        assert "looks like" not in said


def test_a_text_without_the_form_of_a_reference_is_shown_a_valid_one(sqlite_store: Store) -> None:
    said = _said(sqlite_store, "17")
    assert "looks like HD-" in said
    assert find_references(said, "HD")


def test_a_valid_reference_that_no_ticket_has_is_only_said_to_have_none(sqlite_store: Store) -> None:
    assert _said(sqlite_store, REFERENCE) == f"no ticket {REFERENCE}; `triaged tickets search` finds tickets by words"
