from datetime import UTC, datetime, timedelta, timezone

import pytest

from daemon.mail.mime.dates import read_date

EAST = timezone(timedelta(hours=2))
DATES = [
    ("Mon, 02 Mar 2026 11:59:01 +0200", datetime(2026, 3, 2, 11, 59, 1, tzinfo=EAST)),
    ("2 Mar 2026 11:59 +0200", datetime(2026, 3, 2, 11, 59, tzinfo=EAST)),
    ("Mon,2 Mar 26 11:59:01 +0200 (EET)", datetime(2026, 3, 2, 11, 59, 1, tzinfo=EAST)),
    ("Mon, 02 Mar 2026 11:59:01 GMT+02:00", datetime(2026, 3, 2, 11, 59, 1, tzinfo=EAST)),
    ("Mon, 02 Mar 2026 11:59:01 GMT", datetime(2026, 3, 2, 11, 59, 1, tzinfo=UTC)),
    ("Mon, 02 Mar 2026 11:59:01", datetime(2026, 3, 2, 11, 59, 1, tzinfo=UTC)),
    ("Mon, 02 Mar 2026 11:59:01 PST", datetime(2026, 3, 2, 11, 59, 1, tzinfo=timezone(timedelta(hours=-8)))),
    ("Mon, 02 Mar 2026 11.59.01 +0000", datetime(2026, 3, 2, 11, 59, 1, tzinfo=UTC)),
    ("Mon, 02 Mar 2026 11:59:61 +0000", datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC)),
    ("Monday, March 2, 2026 1:05 PM", datetime(2026, 3, 2, 13, 5, tzinfo=UTC)),
    ("Mon Mar  2 11:59:01 2026", datetime(2026, 3, 2, 11, 59, 1, tzinfo=UTC)),
    ("Mon Mar  2 11:59:01 UTC 2026", datetime(2026, 3, 2, 11, 59, 1, tzinfo=UTC)),
    ("2026-03-02T11:59:01Z", datetime(2026, 3, 2, 11, 59, 1, tzinfo=UTC)),
    ("2026-03-02 11:59:01.123 +0200", datetime(2026, 3, 2, 11, 59, 1, tzinfo=EAST)),
    ("2 Mar 99 11:59 +0000", datetime(1999, 3, 2, 11, 59, tzinfo=UTC)),
    ("2 Mar 126 11:59 +0000", datetime(2026, 3, 2, 11, 59, tzinfo=UTC)),
    ("2 Mar 2026 11:59 +9999", datetime(2026, 3, 2, 11, 59, tzinfo=UTC)),
    ("2 Mar 2026 25:59", datetime(2026, 3, 2, tzinfo=UTC)),
    ("2-Mar-2026", datetime(2026, 3, 2, tzinfo=UTC)),
]
NO_DATES = [
    "",
    "yesterday",
    "32 Mar 2026 11:59",
    "2 Foo 2026 11:59",
    "2 Mar 9999 11:59",
    "2 Mar 1601 11:59",
]


@pytest.mark.parametrize(("value", "expected"), DATES)
def test_dates_of_real_mail_programs_are_read(value: str, expected: datetime) -> None:
    found = read_date(value)
    assert found == expected
    assert found is not None
    assert found.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize("value", NO_DATES)
def test_other_text_is_not_a_date(value: str) -> None:
    assert read_date(value) is None
