"""A program that follows all changes by `updated_since`, as docs/API.md says."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.tickets_for_pages import accepted


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store) as found:
        yield found


def test_a_merged_ticket_stays_in_the_list_and_names_the_other(case: Web) -> None:
    first, second = (
        accepted(case, mail(subject=subject, message_id=f"<{subject}@x.example>")) for subject in ("One", "Two")
    )
    since = case.clock.now().isoformat().replace("+", "%2B")
    case.clock.advance(seconds=1)
    merged = case.client.post(f"/tickets/{first}/merge", json={"into": second})
    assert merged.status_code == 200, merged.text
    found = {one["reference"]: one for one in case.client.get(f"/tickets?updated_since={since}").json()["tickets"]}
    assert found[first]["merged_into"] == second


@pytest.mark.parametrize("name", ["since", "updated_since"])
@pytest.mark.parametrize("wrong", ["2026-11-28T09:00:00+01:00", "yesterday"])
def test_a_time_with_a_plus_that_is_not_encoded_is_explained(case: Web, name: str, wrong: str) -> None:
    answer = case.client.get(f"/tickets?{name}={wrong}")
    assert answer.status_code == 422
    said = 'not a time as in 2026-11-28T09:00:00Z; in a URL, the "+" of an offset is written %2B'
    assert answer.json()["errors"] == [{"field": f"query.{name}", "message": said}]
