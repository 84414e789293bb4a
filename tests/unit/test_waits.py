"""The figures of benchmarks."""

from tests.benchmarks.waits import figures


def test_the_figures_of_a_hundred_waits() -> None:
    waits = [number / 1000 for number in range(100, 0, -1)]
    found = figures(waits, 4.0, 3)
    assert {name: round(value, 6) for name, value in found.items()} == {
        "rate": 25.0,
        "p50": 51.0,
        "p95": 96.0,
        "p99": 100.0,
        "refused": 3,
    }


def test_one_wait_is_every_percentile() -> None:
    assert figures([0.5], 1.0, 0) == {"rate": 1.0, "p50": 500.0, "p95": 500.0, "p99": 500.0, "refused": 0}
