"""Answer a customer and keep notes over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from daemon.store.models import AnswerRow, Event, Job, MessageRow, Participant, Person, Ticket
from daemon.store.queries.ticket_detail import ticket_detail
from daemon.vocabulary import AnswerState, MessageRole, SubjectKind
from tests.support.emails import SUPPORT
from tests.support.http import Web, problem

ANA, BOB = "ana@example.com", "bob@other.example"


def path(case: Web, email: str | None = ANA) -> str:
    return f"/tickets/{case.opened(**({'email': email} if email else {}))['reference']}"


def answers(case: Web) -> list[str]:
    with case.store.read() as session:
        return list(session.execute(select(AnswerRow.state).order_by(AnswerRow.id)).scalars())


class TestReply:
    def test_an_answer_is_sent_to_the_requester(self, case: Web) -> None:
        ticket = path(case)
        case.woken.offers.clear()
        answer = case.client.post(f"{ticket}/reply", json={"text": " Done,\n\n<b>try</b> again. \n"})
        assert answer.status_code == 201
        assert answer.json() == {"id": 1, "state": "sent", "reasons": [], "recipients": [ANA]}
        with case.store.read() as session:
            row = session.execute(select(AnswerRow)).scalar_one()
            [job] = session.execute(select(Job).where(Job.subject.startswith(SubjectKind.ANSWER))).scalars()
        assert (row.text, row.author) == ("Done,\n\n<b>try</b> again.", "http:all")
        assert "&lt;b&gt;" in row.html
        assert [offer.job_id for offer in case.woken.offers] == [job.id]

    def test_the_ticket_shows_the_answer_and_who_gave_it(self, case: Web) -> None:
        ticket = path(case)
        case.client.post(f"{ticket}/reply", json={"text": "Done."})
        shown = case.client.get(ticket).json()
        assert (shown["status"], shown["taken_by"]) == (case.settings.conversation.after_answer, "http:all")
        message = case.client.get(f"{ticket}/messages").json()["messages"][-1]
        assert (message["role"], message["reply"]) == (MessageRole.ANSWER, "Done.")
        [event] = case.client.get(f"{ticket}/events").json()["events"]
        assert (event["kind"], event["data"]["actor"], event["data"]["source"]) == ("answer sent", "http:all", "http")

    def test_those_in_cc_get_it_and_take_part(self, case: Web) -> None:
        ticket = path(case)
        answer = case.client.post(f"{ticket}/reply", json={"text": "Done.", "cc": ["Bob@OTHER.example", SUPPORT]})
        assert answer.json()["recipients"] == [ANA, BOB]
        with case.store.read() as session:
            parties = session.execute(select(Person.email).join(Participant, Participant.person_id == Person.id))
            assert BOB in parties.scalars().all()

    def test_without_a_requester_it_is_returned_and_says_so(self, case: Web) -> None:
        answer = case.client.post(f"{path(case, None)}/reply", json={"text": "Done."}).json()
        assert (answer["state"], answer["recipients"]) == ("returned", [])
        assert answer["reasons"]

    def test_too_many_answers_are_held(self, case: Web) -> None:
        ticket = path(case)
        for _ in range(case.settings.limits.answers_per_ticket_hour):
            assert case.client.post(f"{ticket}/reply", json={"text": "Done."}).json()["state"] == "sent"
        held = case.client.post(f"{ticket}/reply", json={"text": "Done."}).json()
        assert (held["state"], held["recipients"]) == ("held", [ANA])
        assert held["reasons"]

    def test_of_answers_of_two_programs_at_once_one_is_sent(self, case: Web) -> None:
        ticket = path(case)
        tokens = [case.token, case.new_token("other", "tickets:write")]

        def answer(token: str) -> str:
            return str(case.client_with(token).post(f"{ticket}/reply", json={"text": "Done."}).json()["state"])

        with ThreadPoolExecutor(2) as clients:
            assert sorted(clients.map(answer, tokens)) == [AnswerState.HELD, AnswerState.SENT]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"text": ""},
            {"text": " \n\t"},
            {"text": "a\x00b"},
            {"text": "x", "html": "<b>"},
            {"text": "x", "cc": ["nobody"]},
            {"text": "x", "cc": ["a@b.example\r\nBcc: c@d.example"]},
            {"text": "x", "cc": [BOB] * 51},
        ],
    )
    def test_a_wrong_answer_is_refused_and_nothing_is_written(self, body: dict[str, object], case: Web) -> None:
        assert problem(case.client.post(f"{path(case)}/reply", json=body)) == (422, "invalid")
        assert answers(case) == []


class TestNotes:
    def test_a_note_is_shown_to_the_team_and_to_no_customer(self, case: Web) -> None:
        ticket = path(case)
        case.woken.offers.clear()
        answer = case.client.post(f"{ticket}/notes", json={"text": "The bank confirmed it."})
        assert (answer.status_code, answer.content) == (204, b"")
        with case.store.read() as session:
            row = session.execute(select(MessageRow).order_by(MessageRow.id.desc()).limit(1)).scalar_one()
            [event] = session.execute(select(Event.data).where(Event.kind == "note")).scalars()
        assert (row.role, row.inbound_id) == (MessageRole.NOTE, None)
        assert (event["actor"], event["source"]) == ("http:all", "http")
        assert len(case.woken.offers) == 1
        assert answers(case) == []

    @pytest.mark.parametrize("body", [{}, {"text": " "}, {"text": "x", "cc": [BOB]}])
    def test_a_wrong_note_is_refused(self, body: dict[str, object], case: Web) -> None:
        assert problem(case.client.post(f"{path(case)}/notes", json=body)) == (422, "invalid")


@pytest.mark.parametrize("rest", ["reply", "notes"])
class TestBoth:
    @pytest.mark.parametrize("name", ["99", "HD-AAAA-AAAA"])
    def test_of_no_ticket_nothing_is_written(self, rest: str, name: str, case: Web) -> None:
        assert problem(case.client.post(f"/tickets/{name}/{rest}", json={"text": "x"})) == (404, "not-found")

    def test_a_merged_ticket_is_not_written_on(self, rest: str, case: Web) -> None:
        kept, merged = case.opened(email=ANA), case.opened(email=ANA)
        merge = update(Ticket).where(Ticket.id == merged["id"]).values(merged_into_id=kept["id"])
        case.store.write(lambda session: session.execute(merge) and None)
        answer = case.client.post(f"/tickets/{merged['id']}/{rest}", json={"text": "x"})
        assert problem(answer) == (409, "conflict")
        with case.store.read() as session:
            detail = ticket_detail(session, merged["id"])
        assert detail is not None
        assert len(detail.messages) == 1

    def test_a_full_disk_stops_it(self, rest: str, case: Web) -> None:
        ticket = path(case)
        case.room = False
        assert problem(case.client.post(f"{ticket}/{rest}", json={"text": "x"})) == (503, "unavailable")
