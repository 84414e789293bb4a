"""The hour of the daily email to the lead: once a day in the time zone of support, also where clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest

from config.settings import Settings
from workers.actors.config import Lead
from workers.policies import actor_config

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
YEAR = 2026


def lead(timezone: str, hour: int) -> Lead:
    settings = Settings(
        support={"timezone": timezone},  # type: ignore[arg-type]
        triage={"lead": "lead@example.com", "lead_hour": hour},  # type: ignore[arg-type]
    )
    found = actor_config(settings).lead
    assert found is not None
    return found


@pytest.mark.parametrize("hour", [0, 2, 7, 23])
@pytest.mark.parametrize("timezone", ZONES)
def test_its_hour_comes_once_on_each_day_of_the_year(timezone: str, hour: int) -> None:
    asked = lead(timezone, hour)
    start = datetime(YEAR, 1, 2, tzinfo=UTC)
    began = dict.fromkeys(asked.began(start + timedelta(minutes=30 * half)) for half in range(2 * 24 * 360))
    days = [one.date() for one in began]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert len(days) in {360, 361}
    # Where the clock skips the hour, it begins with the next one.
    assert {one.astimezone(UTC).astimezone(asked.zone).hour for one in began} <= {hour, hour + 1 if hour == 2 else hour}


@pytest.mark.parametrize(
    ("timezone", "at", "day"),
    [
        ("Europe/Berlin", datetime(YEAR, 1, 5, 6, 0, tzinfo=UTC), date(YEAR, 1, 5)),
        ("Europe/Berlin", datetime(YEAR, 1, 5, 5, 59, tzinfo=UTC), date(YEAR, 1, 4)),
        ("Europe/Berlin", datetime(YEAR, 7, 5, 5, 0, tzinfo=UTC), date(YEAR, 7, 5)),
        ("Europe/Berlin", datetime(YEAR, 7, 5, 4, 59, tzinfo=UTC), date(YEAR, 7, 4)),
        # A morning in Asia is an evening in UTC.
        ("Asia/Tokyo", datetime(YEAR, 1, 4, 22, 0, tzinfo=UTC), date(YEAR, 1, 5)),
    ],
)
def test_it_is_an_hour_of_the_clock_there(timezone: str, at: datetime, day: date) -> None:
    assert lead(timezone, 7).began(at).date() == day
