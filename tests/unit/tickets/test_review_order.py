"""The order of the review: pressing tickets first, then those that teach most."""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.snapshots import WaitingTicket
from daemon.tickets.review_order import CONSIDERED, LONGEST_WAIT, order, uncertainty

NOW = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
EVEN, SURE = (0.4, 0.38, 0.12, 0.1), (0.9, 0.05, 0.03, 0.02)
PRINTER = "printer shows orange light"
PARCEL = "parcel stuck in customs"


def ticket(
    number: int, text: str, chances: tuple[float, ...] = EVEN, *, age: float = 1.0, urgent: bool = False
) -> WaitingTicket:
    return WaitingTicket(number, f"HD-{number}", NOW - timedelta(hours=age), urgent, chances, text)


def ids(waiting: list[WaitingTicket], taught: tuple[str, ...] = (), number: int = 9) -> list[int]:
    return [place.ticket_id for place in order(waiting, taught, NOW, number)]


ALIKE = [ticket(1, PARCEL), ticket(2, PRINTER), ticket(3, f"{PRINTER} again")]


@pytest.mark.parametrize(
    ("why", "waiting", "expected"),
    [
        ("nothing waits", [], []),
        ("the less certain one first", [ticket(1, PARCEL, SURE), ticket(2, PRINTER, EVEN)], [2, 1]),
        ("without a model nothing is certain", [ticket(1, PARCEL, SURE), ticket(2, PRINTER, ())], [2, 1]),
        ("typical of others, then what is new, then its likes", ALIKE, [2, 1, 3]),
        ("the older of two that teach the same", [ticket(1, PARCEL), ticket(2, PRINTER, age=2)], [2, 1]),
        ("an urgent one first, however certain", [*ALIKE, ticket(4, "x", SURE, urgent=True)], [4, 2, 1, 3]),
        ("one that waits for long first", [*ALIKE, ticket(4, "x", SURE, age=24.1)], [4, 2, 1, 3]),
        ("one at the limit waits its turn", [*ALIKE, ticket(4, "x", SURE, age=24)], [2, 1, 4, 3]),
        (
            "urgent before old, the older before the younger",
            [ticket(1, "x", age=99), ticket(2, "y", urgent=True), ticket(3, "z", urgent=True, age=2)],
            [3, 2, 1],
        ),
        ("no words at all", [ticket(1, ""), ticket(2, "\ud800 12345 --")], [1, 2]),
        (
            "scripts without spaces between words",
            [ticket(1, "荷物が届きません"), ticket(2, "画面が真っ黒です"), ticket(3, "画面が真っ黒になる")],
            [2, 1, 3],
        ),
    ],
)
def test_order(why: str, waiting: list[WaitingTicket], expected: list[int]) -> None:
    assert ids(waiting) == expected, why


def test_what_people_decided_already_teaches_less() -> None:
    assert ids(ALIKE, (f"{PRINTER} today",))[0] == 1


def test_pressing_tickets_count_as_taught() -> None:
    assert ids([*ALIKE, ticket(4, PRINTER, urgent=True)])[:2] == [4, 1]


def test_only_as_many_as_were_asked_for() -> None:
    urgent = [ticket(number, "x", urgent=True) for number in range(5)]
    assert len(ids(urgent, number=2)) == 2
    assert len(ids([*urgent[:1], *ALIKE], number=2)) == 2


def test_the_work_is_bounded() -> None:
    waiting = [ticket(number, f"word{number} " * 5000) for number in range(CONSIDERED + 50)]
    assert max(ids(waiting, ("word " * 5000,) * 500, number=CONSIDERED + 50)) == CONSIDERED - 1


def test_the_reason_names_what_decided() -> None:
    old = ticket(4, "x", age=LONGEST_WAIT.total_seconds() / 3600 + 1)
    found = {place.ticket_id: place.reason for place in order([*ALIKE, old, ticket(5, "y", urgent=True)], (), NOW, 5)}
    assert found[5] == "urgent"
    assert found[4] == "waits for more than a day"
    assert found[2] == "triage was not sure; resembles 1 other waiting ticket"
    assert found[1] == "triage was not sure"


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        ((), 1.0),
        ((0.4, 0.4, 0.2), 1.0),
        ((0.1, 0.9), 0.2),
        ((1.0,), 0.0),
        ((0.7,), 0.3),
        ((1.2, 0.0), 0.0),
    ],
)
def test_uncertainty(chances: tuple[float, ...], expected: float) -> None:
    assert uncertainty(chances) == pytest.approx(expected)
