"""Open, show, list and change tickets over HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from sqlalchemy import func, select

from daemon.mail.envelope import HTTP
from daemon.store import decisions, ledger
from daemon.store.models import Decision, Event, InboundRow, Job, Person, Ticket
from daemon.store.store import Store
from daemon.tickets.access import Scope
from daemon.vocabulary import DecidedBy, Disposition, Priority, Triage
from tests.support.emails import SUPPORT
from tests.support.fakes import NOON
from tests.support.http import EXAMPLE, Web, problem, web


def decide(case: Web, ticket_id: int, category: str = "Payments", team: str = "PAYMENTS_TEAM") -> None:
    triage = Triage(category, Priority.HIGH, 1.0, team, ("the rule",), (("Login", 0.1),), rule="money")
    case.store.write(lambda s: decisions.apply(s, ticket_id, triage, NOON, by=DecidedBy.RULE, actor=None))


def count(case: Web, table: type) -> int:
    with case.store.read() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


class TestOpen:
    def test_the_example_of_the_design_opens_a_pending_ticket_at_once(self, case: Web) -> None:
        answer = case.client.post("/tickets", json=EXAMPLE)
        body = answer.json()
        assert answer.status_code == 201
        assert (body["status"], body["category"], body["priority"]) == ("OPEN", "PENDING", "PENDING")
        assert (body["confidence"], body["assigned_team"], body["decision"]) == (None, None, None)
        assert answer.headers["location"] == f"/tickets/{body['reference']}"
        assert body["created_at"].endswith("Z")
        assert len(case.woken.offers) == 1

    def test_the_answer_is_what_a_later_look_shows(self, case: Web) -> None:
        opened = case.opened(email="Ana@Example.com", name="Ana Müller")
        for name in (opened["id"], opened["reference"], opened["reference"].lower().replace("-", "")):
            assert case.client.get(f"/tickets/{name}").json() == opened

    def test_it_is_in_the_ledger_as_an_email_with_the_source_http(self, case: Web) -> None:
        opened = case.opened(
            title="Größe: falsch, <b>", description="Zeile 1\n\n. \n> zitiert\n", email="ana@x.example"
        )
        with case.store.read() as session:
            [row] = session.execute(select(InboundRow)).scalars()
            raw = ledger.raw_of(session, row.id)
            texts = decisions.text_of(session, opened["id"])
        assert (row.source, row.disposition, row.mail_from) == (HTTP, Disposition.TICKET, "ana@x.example")
        assert row.rcpt_tos == [SUPPORT]
        assert b"From: <ana@x.example>\r\n" in raw
        assert texts is not None
        assert (texts.subject, texts.text.strip()) == ("Größe: falsch, <b>", "Zeile 1\n\n. \n> zitiert")
        assert count(case, Job) == 1

    def test_without_an_address_nobody_is_known_and_nobody_can_be_acknowledged(self, case: Web) -> None:
        assert case.opened()["requester"] is None
        assert count(case, Person) == 0

    @pytest.mark.parametrize(
        "title",
        ["Automatic reply: Re: hello", "Undelivered Mail Returned to Sender", "=?utf-8?Q?x?=", "a" * 300, "ä" * 300],
    )
    def test_a_request_opens_a_ticket_whatever_it_looks_like(self, title: str, case: Web) -> None:
        assert case.client.get(f"/tickets/{case.opened(title=title)['id']}").json()["title"] == title

    def test_a_reference_in_the_title_points_to_the_ticket_and_joins_none(self, case: Web) -> None:
        first = case.opened(email="ana@example.com")
        second = case.opened(email="ana@example.com", title=f"Re: Payment failed {first['reference']}")
        assert second["id"] != first["id"]
        assert case.client.get(f"/tickets/{second['id']}").json()["related"] == first["reference"]

    def test_two_equal_requests_open_two_tickets(self, case: Web) -> None:
        assert case.opened()["id"] != case.opened()["id"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"title": "x"}, "body.description"),
            ({"title": " ", "description": "x"}, "body.title"),
            ({"title": "two\nlines", "description": "x"}, "body.title"),
            ({"title": "x", "description": "nul \0"}, "body.description"),
            ({"title": "\ud800", "description": "x"}, "body.title"),
            ({"title": "x", "description": "x", "status": "OPEN"}, "body.status"),
            ({"title": "x", "description": "x", "email": "nobody"}, "body.email"),
            ({"title": "x", "description": "x", "email": "a@b, c@d"}, "body.email"),
            ({"title": "x", "description": "x", "email": SUPPORT}, "body.email"),
            ({"title": "x", "description": "x", "to": "other@example.com"}, "body.to"),
            ({"title": "x", "description": "x", "to": f"{SUPPORT}, {SUPPORT}"}, "body.to"),
            ({"title": 1, "description": "x"}, "body.title"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_stored(self, body: dict[str, object], field: str, case: Web) -> None:
        json_type = {"Content-Type": "application/json; charset=utf-8"}
        answer = case.client.post("/tickets", content=json.dumps(body), headers=json_type)
        assert problem(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == field
        assert count(case, InboundRow) == 0

    @pytest.mark.parametrize(
        ("to", "found"),
        [({}, SUPPORT), ({"to": "Billing@Shop.example"}, "billing@shop.example"), ({"to": None}, SUPPORT)],
    )
    def test_a_request_may_be_for_one_of_our_addresses(self, to: dict[str, str], found: str, store: Store) -> None:
        with web(store, support={"addresses": [SUPPORT, "billing@shop.example"]}) as case:
            case.opened(**to)
            with case.store.read() as session:
                assert list(session.execute(select(Ticket.address)).scalars()) == [found]
                assert list(session.execute(select(InboundRow.rcpt_tos)).scalars()) == [[found]]

    def test_nothing_is_accepted_while_the_disk_is_full(self, case: Web) -> None:
        case.room = False
        answer = case.client.post("/tickets", json=EXAMPLE)
        assert problem(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "60"


class TestIdempotency:
    KEY: ClassVar = {"Idempotency-Key": "order 7"}

    def test_a_repetition_gets_the_same_ticket(self, case: Web) -> None:
        first = case.client.post("/tickets", json=EXAMPLE, headers=self.KEY)
        again = case.client.post("/tickets", json=EXAMPLE, headers=self.KEY)
        assert (again.status_code, again.json()) == (201, first.json())
        assert (again.headers["idempotency-replayed"], again.headers["location"]) == ("true", first.headers["location"])
        assert count(case, Ticket) == 1

    def test_another_request_under_the_same_key_is_refused(self, case: Web) -> None:
        case.client.post("/tickets", json=EXAMPLE, headers=self.KEY)
        for change in ({"title": "Other"}, {"to": SUPPORT}):
            answer = case.client.post("/tickets", json=EXAMPLE | change, headers=self.KEY)
            assert problem(answer) == (422, "idempotency-key-reused")

    def test_a_key_expires_after_a_day_and_belongs_to_one_token(self, case: Web) -> None:
        case.client.post("/tickets", json=EXAMPLE, headers=self.KEY)
        other = case.client_with(case.new_token("other", Scope.TICKETS_WRITE))
        assert "idempotency-replayed" not in other.post("/tickets", json=EXAMPLE, headers=self.KEY).headers
        case.clock.advance(days=1)
        assert "idempotency-replayed" not in case.client.post("/tickets", json=EXAMPLE, headers=self.KEY).headers
        assert count(case, Ticket) == 3

    def test_of_requests_at_the_same_time_one_opens_a_ticket(self, case: Web) -> None:
        def post(_: int) -> tuple[int, object]:
            answer = case.client_with(case.token).post("/tickets", json=EXAMPLE, headers=self.KEY)
            return answer.status_code, answer.json()["id"]

        with ThreadPoolExecutor(8) as clients:
            answers = set(clients.map(post, range(8)))
        assert len(answers) == 1
        assert next(iter(answers))[0] == 201
        assert (count(case, Ticket), count(case, InboundRow)) == (1, 1)


class TestShow:
    def test_a_decided_ticket_shows_why_and_what_else_was_likely(self, case: Web) -> None:
        opened = case.opened()
        decide(case, opened["id"])
        found = case.client.get(f"/tickets/{opened['reference']}").json()
        assert (found["category"], found["priority"], found["confidence"]) == ("Payments", "High", 1.0)
        assert found["assigned_team"] == "PAYMENTS_TEAM"
        assert found["decision"]["reasons"] == ["the rule"]
        assert found["decision"]["alternatives"] == [{"category": "Login", "probability": 0.1}]

    @pytest.mark.parametrize("name", ["HD-AAAA-AAAA", "0", "999999999999999999999", "%2e%2e%2fetc", "1'--"])
    def test_what_is_not_there_is_not_found(self, name: str, case: Web) -> None:
        assert problem(case.client.get(f"/tickets/{name}"))[0] == 404

    def test_a_version_that_the_client_has_is_not_sent_again(self, case: Web) -> None:
        path = f"/tickets/{case.opened()['id']}"
        tag = case.client.get(path).headers["etag"]
        assert case.client.get(path, headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
        case.client.patch(path, json={"status": "WAITING"})
        assert case.client.get(path, headers={"If-None-Match": tag}).status_code == 200


class TestList:
    def test_pages_follow_one_another_without_gap_or_repetition(self, case: Web) -> None:
        ids = []
        for number in range(7):
            case.clock.advance(seconds=number % 2)
            ids.append(case.opened()["id"])
        seen, path = [], "/tickets?limit=3&status=OPEN"
        while path:
            answer = case.client.get(path)
            seen += [ticket["id"] for ticket in answer.json()["tickets"]]
            path = answer.links.get("next", {}).get("url", "")
            assert not path or path.startswith("/tickets?")
        assert seen == ids[::-1]

    def test_filters(self, case: Web) -> None:
        ana = case.opened(email="ana@example.com", name="Ana Silva", title="Rechnung ÜBER")["id"]
        case.clock.advance(hours=1)
        bob = case.opened(email="bob@example.com", description="cannot log in")["id"]
        decide(case, bob, "Login", "IDENTITY_TEAM")
        case.clock.advance(hours=1)
        case.client.patch(f"/tickets/{ana}", json={"status": "CLOSED"})

        def ids(**filters: str) -> list[int]:
            return [ticket["id"] for ticket in case.client.get("/tickets", params=filters).json()["tickets"]]

        assert ids(status="CLOSED") == [ana]
        assert ids(team="IDENTITY_TEAM") == ids(category="Login") == [bob]
        assert ids(requester="ANA@example.com") == ids(text="über") == ids(text="ana silva") == [ana]
        assert ids(text="log in") == [bob]
        assert ids(since="2026-03-02T12:30:00Z") == ids(since="2026-03-02T13:30:00+01:00") == [bob]
        assert ids(updated_since="2026-03-02T12:30:00Z") == [ana]
        assert ids() == [bob, ana]

    def test_tickets_by_change_come_in_its_order(self, case: Web) -> None:
        first, second = case.opened()["id"], case.opened()["id"]
        case.clock.advance(hours=1)
        case.client.patch(f"/tickets/{first}", json={"status": "WAITING"})
        seen, path = [], "/tickets?limit=1&updated_since=2026-01-01T00:00:00Z"
        while path:
            answer = case.client.get(path)
            seen += [ticket["id"] for ticket in answer.json()["tickets"]]
            path = answer.links.get("next", {}).get("url", "")
        assert seen == [second, first]

    @pytest.mark.parametrize(
        "query",
        [
            "cursor=x",
            "cursor=W10",
            "cursor=%00",
            "limit=0",
            "limit=201",
            "since=yesterday",
            "since=1764320400",
            "updated_since=-1.5",
            "since=1e3",
            "status=open",
            "since=0001-01-01T00:00:00%2B14:00",
            "text=%00",
            "cursor=WyJ4Iiwx",
            "cursor=WzEsMV0",
        ],
    )
    def test_a_wrong_filter_is_named(self, query: str, case: Web) -> None:
        answer = case.client.get(f"/tickets?{query}")
        assert problem(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == f"query.{query.partition('=')[0]}"


class TestChange:
    def test_a_correction_trains_notifies_and_names_the_token(self, case: Web) -> None:
        opened = case.opened()
        decide(case, opened["id"])
        case.woken.offers.clear()
        found = case.client.patch(f"/tickets/{opened['id']}", json={"category": "Login", "priority": "Low"}).json()
        assert (found["category"], found["priority"], found["assigned_team"]) == ("Login", "Low", "IDENTITY_TEAM")
        assert (found["decision"]["by"], found["decision"]["actor"]) == ("person", "http:all")
        assert len(case.woken.offers) == 1

    def test_a_team_alone_assigns(self, case: Web) -> None:
        opened = case.opened()
        decide(case, opened["id"])
        found = case.client.patch(f"/tickets/{opened['id']}", json={"team": "TECH_SUPPORT"}).json()
        assert (found["category"], found["assigned_team"]) == ("Payments", "TECH_SUPPORT")
        assert found["decision"]["by"] == "assignment"

    def test_a_priority_alone_keeps_category_and_team(self, case: Web) -> None:
        opened = case.opened()
        decide(case, opened["id"])
        found = case.client.patch(f"/tickets/{opened['id']}", json={"priority": "Urgent"}).json()
        assert (found["category"], found["priority"], found["assigned_team"]) == ("Payments", "Urgent", "PAYMENTS_TEAM")

    @pytest.mark.parametrize("status", ["WAITING", "RESOLVED", "CLOSED", "SPAM", "OPEN"])
    def test_the_status_changes_with_an_event_that_names_the_token(self, status: str, case: Web) -> None:
        opened = case.opened()
        assert case.client.patch(f"/tickets/{opened['id']}", json={"status": status}).json()["status"] == status
        with case.store.read() as session:
            events = session.execute(select(Event.data).where(Event.ticket_id == opened["id"])).scalars().all()
        assert [event["actor"] for event in events] == ([] if status == "OPEN" else ["http:all"])

    @pytest.mark.parametrize("change", [{"team": "TECH_SUPPORT"}, {"priority": "High"}])
    def test_what_triage_has_not_decided_cannot_be_changed_in_part(self, change: dict[str, str], case: Web) -> None:
        opened = case.opened()
        answer = case.client.patch(f"/tickets/{opened['id']}", json=change | {"status": "CLOSED"})
        assert problem(answer) == (409, "conflict")
        assert case.client.get(f"/tickets/{opened['id']}").json() == opened

    @pytest.mark.parametrize(
        "change",
        [{}, {"team": "NOBODY"}, {"category": "None"}, {"priority": "PENDING"}, {"title": "x"}, {"status": ""}],
    )
    def test_a_wrong_change_is_refused(self, change: dict[str, str], case: Web) -> None:
        assert problem(case.client.patch(f"/tickets/{case.opened()['id']}", json=change)) == (422, "invalid")

    def test_a_change_for_an_old_version_is_refused_and_changes_nothing(self, case: Web) -> None:
        path = f"/tickets/{case.opened()['id']}"
        old = case.client.get(path).headers["etag"]
        new = case.client.patch(path, json={"status": "WAITING"}, headers={"If-Match": old}).headers["etag"]
        answer = case.client.patch(path, json={"status": "CLOSED"}, headers={"If-Match": old})
        assert problem(answer) == (412, "changed")
        assert case.client.get(path).json()["status"] == "WAITING"
        assert (
            case.client.patch(path, json={"status": "CLOSED"}, headers={"If-Match": f'"x", {new}'}).status_code == 200
        )
        assert case.client.patch(path, json={"status": "OPEN"}, headers={"If-Match": "*"}).status_code == 200

    def test_of_changes_for_one_version_at_the_same_time_one_is_made(self, case: Web) -> None:
        opened = case.opened()
        path = f"/tickets/{opened['id']}"
        decide(case, opened["id"])
        tag = case.client.get(path).headers["etag"]

        def change(team: str) -> int:
            client = case.client_with(case.token)
            return client.patch(path, json={"team": team}, headers={"If-Match": tag}).status_code

        with ThreadPoolExecutor(2) as clients:
            assert sorted(clients.map(change, ["TECH_SUPPORT", "IDENTITY_TEAM"])) == [200, 412]
        assert count(case, Decision) == 2
