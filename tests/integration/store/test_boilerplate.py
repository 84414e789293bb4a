"""A block of text is learned from many domains on several days, and its rows are bounded."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from daemon.mail.reply.boilerplate import Block
from daemon.store import boilerplate
from daemon.store.boilerplate import BlockState
from daemon.store.store import Store
from daemon.tickets import boilerplate as learning
from daemon.tickets.boilerplate import KEPT_DOMAINS, Sighting
from tests.support.fakes import NOON

BANNER = Block("b" * 32, "This email came by Novaplex.", is_outside=True)
ERROR = Block("e" * 32, "The server returned an unexpected response.")
DAY = timedelta(days=1)


def note(store: Store, domains: Iterable[str], at: datetime = NOON, block: Block = BANNER) -> None:
    """Count an email of each domain, all in one batch."""
    store.write(lambda session: learning.note(session, [Sighting((block,), (), name, at) for name in domains]))


def learned(store: Store) -> frozenset[str]:
    with store.read() as session:
        return boilerplate.learned(session)


def states(store: Store) -> dict[str, int]:
    with store.read() as session:
        return boilerplate.counts(session)


def teach(store: Store, at: datetime = NOON, block: Block = BANNER) -> None:
    for number, name in enumerate("abcde"):
        note(store, [name], at + number % 3 * DAY, block)


def test_a_block_of_five_domains_on_three_days_is_learned_and_shown(store: Store) -> None:
    for number, name in enumerate("abcd"):
        note(store, [name, name], NOON + number * DAY)
        assert not learned(store)
    note(store, ["e"], NOON + 3 * DAY)
    assert learned(store) == {BANNER.digest}
    with store.read() as session:
        [line] = boilerplate.list_blocks(session, BlockState.LEARNED, 10)
    assert (line.domains, line.excerpt, line.seen_at) == (5, BANNER.excerpt, NOON + 3 * DAY)


def test_an_error_message_that_people_paste_into_their_letters_is_not_learned(store: Store) -> None:
    for number in range(9):
        note(store, [f"d{number}"], NOON + number * DAY, ERROR)
    note(store, ["d1"], NOON, replace(ERROR, is_outside=True))
    assert states(store) == {"seen": 1}


def test_two_domains_outside_of_a_letter_are_enough(store: Store) -> None:
    teach(store, block=ERROR)
    for name in "ab":
        assert not learned(store)
        note(store, [name], NOON + 3 * DAY, replace(ERROR, is_outside=True))
        note(store, [name], NOON + 3 * DAY, ERROR)
    assert learned(store) == {ERROR.digest}
    with store.read() as session:
        assert boilerplate.list_blocks(session, BlockState.LEARNED, 10)[0].domains == 5


def test_one_domain_teaches_nothing_however_often_it_writes(store: Store) -> None:
    for number in range(9):
        note(store, ["a"] * 9, NOON + number * DAY)
    assert states(store) == {"seen": 1}


def test_an_error_message_of_a_bad_day_is_not_learned(store: Store) -> None:
    for hour in range(24):
        note(store, [f"d{hour}", f"e{hour}"], NOON + timedelta(hours=hour))
    assert states(store) == {"seen": 1}


def test_an_email_without_a_domain_is_not_counted(store: Store) -> None:
    note(store, [""])
    assert states(store) == {}


def test_nothing_is_copied_of_a_block_before_it_is_learned(store: Store) -> None:
    note(store, "abcd")
    with store.read() as session:
        [line] = boilerplate.list_blocks(session, BlockState.SEEN, 10)
    assert (line.excerpt, line.domains) == ("", 4)


def test_a_forgotten_block_is_never_learned_again(store: Store) -> None:
    teach(store)
    with store.read() as session:
        [line] = boilerplate.list_blocks(session, BlockState.LEARNED, 10)
    assert store.write(lambda session: boilerplate.forget(session, line.id, "eva"))
    assert not store.write(lambda session: boilerplate.forget(session, line.id + 1, "eva"))
    note(store, "fghij", NOON + 9 * DAY)
    assert (learned(store), states(store)) == (frozenset(), {"forgotten": 1})


def test_domains_outside_of_a_letter_count_after_many_others(store: Store) -> None:
    for day in range(3):
        note(store, [f"d{number}" for number in range(30)], NOON + day * DAY, ERROR)
    note(store, ["x", "y"], NOON, replace(ERROR, is_outside=True))
    assert learned(store) == {ERROR.digest}


def test_the_domains_of_a_block_are_bounded(store: Store) -> None:
    note(store, [f"d{number}" for number in range(30)])
    note(store, [f"e{number}" for number in range(30)])
    with store.read() as session:
        [line] = boilerplate.list_blocks(session, BlockState.SEEN, 10)
    assert line.domains == KEPT_DOMAINS


def test_a_block_in_use_is_dated_once_a_day(store: Store) -> None:
    teach(store)
    for at in (NOON + DAY + timedelta(hours=1), NOON + 9 * DAY):
        store.write(lambda session, at=at: learning.note(session, [Sighting((), (BANNER.digest,), "a", at)]))  # type: ignore[misc]
        with store.read() as session:
            [line] = boilerplate.list_blocks(session, BlockState.LEARNED, 10)
        assert line.seen_at == (at if at > NOON + 8 * DAY else NOON + DAY)


def test_the_oldest_rows_past_a_limit_go_and_learned_ones_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boilerplate, "SEEN_LIMIT", 10)
    monkeypatch.setattr(boilerplate, "PRUNE_EVERY", 5)
    teach(store)
    for number in range(40):
        note(store, ["a"], NOON + 9 * DAY + number * DAY, Block(f"{number:032}", "x"))
    assert states(store)["seen"] < 10 + 5
    assert learned(store) == {BANNER.digest}
    with store.read() as session:
        newest = boilerplate.list_blocks(session, BlockState.SEEN, 1)[0]
    assert newest.seen_at == NOON + 48 * DAY
