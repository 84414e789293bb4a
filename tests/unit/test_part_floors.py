"""A language or length that gets worse by more than two emails fails the gate, and a lower floor is printed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.scores import part_floors
from workers.learning.breakdown import Part, Priorities

PART = Part(
    name="German",
    count=100,
    accuracy=0.8,
    ece=0.05,
    coverage=0.5,
    routed=0.7,
    routed_right=0.9,
    unknown=0.1,
    priority=Priorities(count=100, accuracy=0.6, too_low=0.3, too_high=0.1, confusion={}),
)
RATED = Priorities(count=100, accuracy=0.57, too_low=0.33, too_high=0.1, confusion={})


@pytest.fixture
def floors(tmp_path: Path) -> Path:
    path = tmp_path / "floors.csv"
    part_floors.write([PART], "core", path)
    return path


@pytest.mark.parametrize(
    "part", [PART, replace(PART, accuracy=0.78), replace(PART, unknown=0.12), replace(PART, accuracy=0.9)]
)
def test_two_emails_less_pass_the_gate(floors: Path, part: Part) -> None:
    assert not part_floors.judge([part], "core", floors)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (replace(PART, accuracy=0.77), "right 77, was 78"),
        (replace(PART, ece=0.08), "ece 0.08, was 0.07"),
        (replace(PART, routed=0.67), "routed 67, was 68"),
        (replace(PART, routed_right=0.8), "misrouted 14, was 9"),
        (replace(PART, unknown=0.13), "unknown 13, was 12"),
        (replace(PART, priority=RATED), "priority 57, was 58"),
        (replace(PART, priority=RATED), "too_low 33, was 32"),
        (replace(PART, count=101), "there is no floor for these emails"),
        (replace(PART, name="Thai"), "there is no floor for these emails"),
    ],
)
def test_three_emails_less_fail_the_gate(
    floors: Path, capsys: pytest.CaptureFixture[str], part: Part, said: str
) -> None:
    assert part_floors.judge([part], "core", floors)
    assert said in capsys.readouterr().out


def test_each_floor_that_falls_is_printed(floors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part_floors.write([replace(PART, accuracy=0.79, routed=0.72)], "core", floors)
    assert capsys.readouterr().out == "LOWER FLOOR  German: right 77, was 78\n"
    part_floors.write([replace(PART, accuracy=0.79, ece=0.049876)], "core", floors)
    capsys.readouterr()
    part_floors.write([replace(PART, accuracy=0.79, ece=0.049876)], "core", floors)
    assert capsys.readouterr().out == ""
    part_floors.write([replace(PART, name="Thai")], "core", floors)
    assert capsys.readouterr().out == "NO FLOOR ANY MORE  German\n"


def test_the_floors_of_the_other_model_stay(floors: Path) -> None:
    before = part_floors.read(floors)["core"]
    part_floors.write([PART], "semantic", floors)
    assert part_floors.read(floors)["core"] == before
    assert not part_floors.judge([PART], "semantic", floors)
