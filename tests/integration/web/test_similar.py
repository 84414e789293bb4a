"""Similar earlier tickets on the page of a ticket, in the API and on the command line."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from daemon.cli import main
from daemon.store import shown_similar
from daemon.store.models import Decision
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.tickets.actor import Actor
from tests.support.emails import mail
from tests.support.fakes import NOON
from tests.support.http import Web, web
from tests.support.pages import SETTINGS, VIEWER, signed_in, text_of
from tests.support.tickets_for_pages import accepted

SUBJECT = "<script>alert(1)</script> paid twice"


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def two(case: Web) -> tuple[str, str]:
    """Return the references of an earlier ticket and of one that is similar to it."""
    first = accepted(case, mail(subject=SUBJECT))
    second = accepted(case, mail("eve@c.example", "charged two times"))
    with case.store.read() as session:
        [*_, decision] = session.execute(select(Decision.id).order_by(Decision.id)).scalars()
    case.store.write(lambda session: shown_similar.keep(session, {decision: [1]}))
    return first, second


def test_the_page_of_a_ticket_links_similar_ones(case: Web) -> None:
    first, second = two(case)
    page = signed_in(case, VIEWER).get(f"/ui/tickets/{second}")
    assert f'href="/ui/tickets/{first}"' in page.text
    assert "<script>alert" not in page.text
    assert f"Similar earlier tickets {first} {SUBJECT} Payments, open, not answered yet" in text_of(page)
    assert "Similar" not in signed_in(case, VIEWER).get(f"/ui/tickets/{first}").text


def test_the_api_lists_similar_ones(case: Web) -> None:
    first, second = two(case)
    assert case.client.get(f"/tickets/{second}/similar").json() == {
        "similar": [
            {
                "reference": first,
                "title": SUBJECT,
                "status": "OPEN",
                "category": "Payments",
                "answered_by": None,
                "answered_after": None,
            }
        ]
    }
    assert case.client.get(f"/tickets/{first}/similar").json() == {"similar": []}
    assert case.client.get("/tickets/99/similar").status_code == 404


def test_the_command_shows_similar_ones(
    case: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    first, second = two(case)
    monkeypatch.setenv("TRIAGED_DATABASE__URL", case.store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(tmp_path))
    assert main(["tickets", "show", second]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Similar earlier tickets {first} {SUBJECT} (Payments, OPEN, not answered yet)" in said
    assert main(["tickets", "show", second, "--json"]) == 0
    assert f'"similar": [{{"reference": "{first}"' in capsys.readouterr().out


def test_a_ticket_that_another_team_got_shows_nothing_of_the_team_before(case: Web) -> None:
    first, second = two(case)
    ana = Actor("ana@example.com", "PAYMENTS_TEAM", "web")
    case.store.write(lambda session: actions.assign(session, 2, "TECH_SUPPORT", ana, NOON))
    assert case.client.get(f"/tickets/{second}/similar").json() == {"similar": []}
    assert first not in signed_in(case, VIEWER).get(f"/ui/tickets/{second}").text
