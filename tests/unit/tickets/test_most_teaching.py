"""The tickets that the lead is asked about: those that teach most, however long they wait, if they teach anything."""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.snapshots import WaitingTicket
from daemon.tickets.review_order import most_teaching

NOW = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
EVEN, SURE, NEARLY = (0.4, 0.38, 0.12, 0.1), (0.98, 0.02), (0.94, 0.06)
PRINTER = "printer shows orange light"
PARCEL = "parcel stuck in customs"


def ticket(number: int, text: str, chances: tuple[float, ...] = EVEN, *, age: float = 1.0) -> WaitingTicket:
    return WaitingTicket(number, f"HD-{number}", NOW - timedelta(hours=age), number == 9, chances, text)


ALIKE = [ticket(1, PARCEL), ticket(2, PRINTER), ticket(3, f"{PRINTER} again")]


@pytest.mark.parametrize(
    ("why", "waiting", "taught", "expected"),
    [
        ("nothing waits", [], (), []),
        ("typical of others first", ALIKE, (), [2, 1, 3]),
        ("an urgent or old one waits its turn", [*ALIKE, ticket(9, "x", NEARLY, age=99)], (), [2, 1, 9, 3]),
        ("one that triage is sure of is not worth a question", [ticket(1, PARCEL, SURE)], (), []),
        ("one that is nearly sure is", [ticket(1, PARCEL, NEARLY)], (), [1]),
        ("nor is one whose like somebody decided", [ticket(1, PARCEL), ticket(2, PRINTER)], (PRINTER,), [1]),
        ("three sure ones that are alike are", [ticket(n, PARCEL, SURE) for n in range(1, 4)], (), [1]),
    ],
)
def test_most_teaching(why: str, waiting: list[WaitingTicket], taught: tuple[str, ...], expected: list[int]) -> None:
    assert [place.ticket_id for place in most_teaching(waiting, taught, 9)] == expected, why


def test_no_more_are_asked_than_wanted() -> None:
    assert len(most_teaching(ALIKE, (), 2)) == 2
