"""Take, merge and split tickets over HTTP, let them wait for a time, and send or drop answers that are held."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from daemon.store.models import AnswerRow, Event, Job, Ticket
from daemon.store.store import Store
from daemon.tickets.access import Scope
from daemon.vocabulary import SubjectKind
from tests.support.fakes import NOON
from tests.support.http import Web, problem, web

ANA, BOB = "ana@example.com", "bob@other.example"


def opened(case: Web, email: str = ANA) -> str:
    """Open a ticket, let triage have decided about it, and return its path."""
    ticket = case.opened(email=email)
    decided = update(Ticket).where(Ticket.id == ticket["id"]).values(category="Login", assigned_team="IDENTITY_TEAM")
    case.store.write(lambda session: session.execute(decided) and None)
    return f"/tickets/{ticket['reference']}"


def reference(path: str) -> str:
    return path.rpartition("/")[2]


def held(case: Web, ticket: str, text: str = "Done.") -> int:
    """Have an answer held, because another one went out at the same time, and return its id."""
    other = case.client_with(case.new_token(f"other{case.clock.now().timestamp()}{text}", Scope.TICKETS_WRITE))
    assert case.client.post(f"{ticket}/reply", json={"text": "First."}).json()["state"] == "sent"
    answer = other.post(f"{ticket}/reply", json={"text": text}).json()
    assert answer["state"] == "held"
    return int(answer["id"])


def actors(case: Web, kind: str) -> list[tuple[str, str]]:
    with case.store.read() as session:
        rows = session.execute(select(Event.data).where(Event.kind == kind)).scalars()
        return [(row["actor"], row["source"]) for row in rows]


class TestTake:
    def test_the_token_takes_a_ticket_once(self, case: Web) -> None:
        ticket = opened(case)
        taken = case.client.post(f"{ticket}/take")
        assert (taken.status_code, taken.json()["taken_by"]) == (200, "http:all")
        assert taken.headers["etag"] == case.client.get(ticket).headers["etag"]
        assert case.client.post(f"{ticket}/take").json() == taken.json()
        assert actors(case, "taken") == [("http:all", "http")]


class TestMerge:
    def test_everything_moves_to_the_other_ticket_and_its_team_is_notified(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        case.woken.offers.clear()
        merged = case.client.post(f"{one}/merge", json={"into": reference(other)})
        assert merged.status_code == 200
        assert (merged.json()["merged_into"], merged.json()["status"]) == (reference(other), "CLOSED")
        assert merged.headers["etag"] == case.client.get(one).headers["etag"]
        messages = case.client.get(f"{other}/messages").json()["messages"]
        assert [message["email"] for message in messages] == [ANA, BOB]
        assert actors(case, "merged into") == [("http:all", "http")]
        assert len(case.woken.offers) == 1

    def test_the_other_ticket_may_be_named_by_its_id(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        into = case.client.get(other).json()["id"]
        assert case.client.post(f"{one}/merge", json={"into": str(into)}).json()["merged_into"] == reference(other)

    @pytest.mark.parametrize("into", ["HD-AAAA-AAAA", "99", "0", "999999999999999999999", "", " ", "a\nb", None, 7])
    def test_a_wrong_name_is_a_mistake_in_its_field(self, into: Any, case: Web) -> None:
        answer = case.client.post(f"{opened(case)}/merge", json={"into": into})
        assert problem(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == "body.into"

    def test_what_cannot_be_merged_says_why(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        itself = case.client.post(f"{one}/merge", json={"into": reference(one)})
        assert problem(itself) == (409, "conflict")
        assert "itself" in itself.json()["detail"]
        case.client.patch(other, json={"status": "SPAM"})
        assert "is spam" in case.client.post(f"{one}/merge", json={"into": reference(other)}).json()["detail"]
        undecided = case.opened()["reference"]
        answer = case.client.post(f"/tickets/{undecided}/merge", json={"into": reference(one)})
        assert "triage has not decided" in answer.json()["detail"]

    def test_a_merge_that_is_asked_for_again_is_refused_with_the_present_state(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        case.client.post(f"{one}/merge", json={"into": reference(other)})
        again = case.client.post(f"{one}/merge", json={"into": reference(other)})
        assert problem(again) == (409, "conflict")
        assert f"was merged into {reference(other)}" in again.json()["detail"]

    def test_two_merges_in_opposite_directions_leave_one_survivor(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        wanted = [(one, other), (other, one)]
        tags = {ticket: case.client.get(ticket).headers["etag"] for ticket in (one, other)}

        def merge(pair: tuple[str, str]) -> int:
            client, headers = case.client_with(case.token), {"If-Match": tags[pair[0]]}
            return client.post(f"{pair[0]}/merge", json={"into": reference(pair[1])}, headers=headers).status_code

        with ThreadPoolExecutor(2) as clients:
            codes = sorted(clients.map(merge, wanted))
        assert codes[0] == 200
        assert codes[1] in {409, 412}
        assert [case.client.get(ticket).json()["merged_into"] for ticket in (one, other)].count(None) == 1


class TestSplit:
    def test_a_merge_is_undone(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        case.client.post(f"{one}/merge", json={"into": reference(other)})
        split = case.client.post(f"{one}/split")
        assert (split.status_code, split.json()["merged_into"], split.json()["status"]) == (200, None, "OPEN")
        assert split.headers["etag"] == case.client.get(one).headers["etag"]
        assert [m["email"] for m in case.client.get(f"{one}/messages").json()["messages"]] == [ANA]
        assert actors(case, "split from") == [("http:all", "http")]

    def test_the_survivor_gives_back_what_came_last(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        case.client.post(f"{one}/merge", json={"into": reference(other)})
        tag = case.client.get(other).headers["etag"]
        assert case.client.post(f"{other}/split", headers={"If-Match": tag}).json()["reference"] == reference(other)
        assert case.client.get(one).json()["merged_into"] is None

    def test_what_was_never_merged_or_was_answered_since_is_refused(self, case: Web) -> None:
        one, other = opened(case), opened(case, BOB)
        assert problem(case.client.post(f"{one}/split")) == (409, "conflict")
        case.client.post(f"{one}/merge", json={"into": reference(other)})
        case.client.post(f"{other}/reply", json={"text": "Done."})
        refused = case.client.post(f"{one}/split")
        assert problem(refused) == (409, "conflict")
        assert "a customer got an email" in refused.json()["detail"]


class TestHeld:
    def test_a_held_answer_is_listed_with_the_reason_and_sent_once(self, case: Web) -> None:
        ticket = opened(case)
        number = held(case, ticket)
        listed = case.client.get(f"{ticket}/answers").json()["answers"]
        assert [(one["id"], one["state"], one["recipients"]) for one in listed][1] == (number, "held", [ANA])
        assert listed[1]["reasons"]
        case.woken.offers.clear()
        sent = case.client.post(f"{ticket}/answers/{number}/send")
        assert sent.status_code == 200
        assert sent.json() == {"id": number, "state": "sent", "reasons": [], "recipients": [ANA]}
        with case.store.read() as session:
            answers = select(Job.subject).where(Job.subject.startswith(SubjectKind.ANSWER)).order_by(Job.id)
            jobs = session.execute(answers).scalars().all()
        assert [subject.id for subject in jobs] == [1, number]
        assert len(case.woken.offers) == 1
        again = case.client.post(f"{ticket}/answers/{number}/send")
        assert problem(again) == (409, "conflict")
        assert "is sent since" in again.json()["detail"]

    def test_a_dropped_answer_goes_to_nobody(self, case: Web) -> None:
        ticket = opened(case)
        number = held(case, ticket)
        dropped = case.client.post(f"{ticket}/answers/{number}/drop")
        assert (dropped.status_code, dropped.json()["state"], dropped.json()["recipients"]) == (200, "dropped", [])
        assert problem(case.client.post(f"{ticket}/answers/{number}/send")) == (409, "conflict")
        assert actors(case, "answer dropped") == [("http:all", "http")]

    def test_of_two_programs_that_send_it_at_once_one_does(self, case: Web) -> None:
        ticket = opened(case)
        number = held(case, ticket)

        def decide(what: str) -> int:
            return case.client_with(case.token).post(f"{ticket}/answers/{number}/{what}").status_code

        with ThreadPoolExecutor(2) as clients:
            assert sorted(clients.map(decide, ["send", "drop"])) == [200, 409]

    @pytest.mark.parametrize("what", ["send", "drop"])
    def test_an_answer_of_another_ticket_is_not_found(self, what: str, case: Web) -> None:
        ticket, other = opened(case), opened(case, BOB)
        number = held(case, ticket)
        for path in (f"{other}/answers/{number}", f"{ticket}/answers/99", f"/tickets/99/answers/{number}"):
            assert problem(case.client.post(f"{path}/{what}")) == (404, "not-found")
        with case.store.read() as session:
            assert session.execute(select(AnswerRow.state).where(AnswerRow.id == number)).scalar_one() == "held"


class TestWait:
    def test_a_ticket_waits_until_a_time(self, case: Web) -> None:
        ticket, until = opened(case), NOON + timedelta(days=3)
        waits = case.client.patch(ticket, json={"wait_until": until.isoformat()})
        assert (waits.status_code, waits.json()["status"]) == (200, "WAITING")
        assert waits.json()["wait_until"] == "2026-03-05T12:00:00Z"
        assert actors(case, "waiting") == [("http:all", "http")]
        endless = case.client.patch(ticket, json={"status": "OPEN"}).json()
        assert (endless["status"], endless["wait_until"]) == ("OPEN", None)

    @pytest.mark.parametrize(
        "change",
        [
            {"wait_until": NOON.isoformat()},
            {"wait_until": (NOON + timedelta(days=400)).isoformat()},
            {"wait_until": "in three days"},
            {"wait_until": 1764320400},
            {"wait_until": (NOON + timedelta(days=1)).isoformat(), "status": "CLOSED"},
        ],
    )
    def test_a_wrong_time_is_refused(self, change: dict[str, Any], case: Web) -> None:
        ticket = opened(case)
        assert problem(case.client.patch(ticket, json=change)) == (422, "invalid")
        assert case.client.get(ticket).json()["status"] == "OPEN"

    def test_a_status_with_its_time_is_accepted(self, case: Web) -> None:
        wanted = {"status": "WAITING", "wait_until": (NOON + timedelta(days=1)).isoformat()}
        assert case.client.patch(opened(case), json=wanted).json()["wait_until"] == "2026-03-03T12:00:00Z"


def requests(case: Web) -> list[tuple[str, dict[str, str] | None]]:
    """Return each operation on a ticket that could be done at once, with its body."""
    ticket, merged, other = opened(case), opened(case, BOB), opened(case, "cy@third.example")
    case.client.post(f"{merged}/merge", json={"into": reference(other)})
    number = held(case, ticket)
    into = {"into": reference(other)}
    names = (f"{ticket}/answers/{number}/send", f"{ticket}/answers/{number}/drop", f"{ticket}/take", f"{merged}/split")
    return [(f"{ticket}/merge", into), *((name, None) for name in names)]


def test_an_action_for_an_old_version_is_refused_and_changes_nothing(store: Store) -> None:
    with web(store) as case:
        paths = requests(case)
        before = case.client.get("/tickets").json()
        for path, body in paths:
            assert problem(case.client.post(path, json=body, headers={"If-Match": '"old"'})) == (412, "changed"), path
        assert case.client.get("/tickets").json() == before
        for path, _ in paths[3:]:
            ticket = "/".join(path.split("/")[:3])
            tag = case.client.get(ticket).headers["etag"]
            assert case.client.post(path, headers={"If-Match": f'"x", {tag}'}).status_code == 200, path


def test_a_field_where_none_is_expected_is_refused(case: Web) -> None:
    ticket = opened(case)
    assert problem(case.client.post(f"{ticket}/take", json={"by": "eva@example.com"})) == (422, "invalid")
    assert problem(case.client.post(f"{ticket}/take", content=b"by eva", headers={"Content-Type": "application/json"}))
    assert case.client.get(ticket).json()["taken_by"] is None
    assert case.client.post(f"{ticket}/take", json={}).status_code == 200
