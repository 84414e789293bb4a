"""Answers and notes under an Idempotency-Key are written once."""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from daemon.store import idempotency
from daemon.store.models import AnswerRow, IdempotencyKey, MessageRow
from daemon.tickets.access import Scope
from daemon.vocabulary import AnswerState, MessageRole
from tests.support.http import EXAMPLE, Web, problem

KEY = {"Idempotency-Key": "order 7"}
ANA = "ana@example.com"


def path(case: Web) -> str:
    return f"/tickets/{case.opened(email=ANA)['reference']}"


def notes(case: Web) -> int:
    with case.store.read() as session:
        query = select(func.count()).select_from(MessageRow).where(MessageRow.role == MessageRole.NOTE)
        return session.execute(query).scalar_one()


def answers(case: Web) -> int:
    with case.store.read() as session:
        return session.execute(select(func.count()).select_from(AnswerRow)).scalar_one()


class TestReply:
    BODY: ClassVar = {"text": "Done.", "cc": ["bob@other.example"]}

    def test_a_repetition_sends_nothing_and_says_what_became_of_it(self, case: Web) -> None:
        ticket = path(case)
        first = case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY)
        case.woken.offers.clear()
        again = case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY)
        assert (again.status_code, again.json()) == (201, first.json())
        assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
        assert answers(case) == 1
        assert case.woken.offers == []

    def test_the_answer_to_a_repetition_is_its_state_by_now(self, case: Web) -> None:
        ticket = path(case)
        first = case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY).json()

        def change(session: object) -> None:
            row = session.get(AnswerRow, first["id"])  # type: ignore[attr-defined]
            row.state, row.reasons = AnswerState.DROPPED, ["by its author"]

        case.store.write(change)
        again = case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY).json()
        assert (again["state"], again["reasons"]) == ("dropped", ["by its author"])

    def test_the_same_ticket_may_be_named_in_another_way(self, case: Web) -> None:
        opened = case.opened(email=ANA)
        case.client.post(f"/tickets/{opened['id']}/reply", json=self.BODY, headers=KEY)
        again = case.client.post(f"/tickets/{opened['reference'].lower()}/reply", json=self.BODY, headers=KEY)
        assert again.headers["idempotency-replayed"] == "true"

    @pytest.mark.parametrize("change", [{"text": "Other."}, {"cc": []}])
    def test_another_answer_under_the_same_key_is_refused(self, change: dict[str, object], case: Web) -> None:
        ticket = path(case)
        case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY)
        answer = case.client.post(f"{ticket}/reply", json=self.BODY | change, headers=KEY)
        assert problem(answer) == (422, "idempotency-key-reused")
        assert answers(case) == 1

    def test_a_key_belongs_to_one_ticket_and_to_one_operation(self, case: Web) -> None:
        first, second = path(case), path(case)
        case.client.post(f"{first}/reply", json={"text": "Done."}, headers=KEY)
        for other, body in ((f"{second}/reply", {"text": "Done."}), (f"{first}/notes", {"text": "Done."})):
            assert problem(case.client.post(other, json=body, headers=KEY)) == (422, "idempotency-key-reused")
        assert problem(case.client.post("/tickets", json=EXAMPLE, headers=KEY)) == (422, "idempotency-key-reused")
        assert (answers(case), notes(case)) == (1, 0)

    def test_a_key_belongs_to_one_token_and_expires_after_a_day(self, case: Web) -> None:
        ticket = path(case)
        case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY)
        other = case.client_with(case.new_token("other", Scope.TICKETS_WRITE))
        assert "idempotency-replayed" not in other.post(f"{ticket}/reply", json=self.BODY, headers=KEY).headers
        case.clock.advance(days=1)
        assert "idempotency-replayed" not in case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY).headers

    def test_of_requests_at_the_same_time_one_answers(self, case: Web) -> None:
        ticket = path(case)

        def post(_: int) -> tuple[int, int]:
            answer = case.client_with(case.token).post(f"{ticket}/reply", json=self.BODY, headers=KEY)
            return answer.status_code, answer.json()["id"]

        with ThreadPoolExecutor(8) as clients:
            assert set(clients.map(post, range(8))) == {(201, 1)}
        assert answers(case) == 1

    def test_what_was_refused_may_be_asked_for_again(self, case: Web) -> None:
        assert problem(case.client.post("/tickets/999/reply", json=self.BODY, headers=KEY))[0] == 404
        assert case.client.post(f"{path(case)}/reply", json=self.BODY, headers=KEY).status_code == 201

    def test_another_process_that_was_first_is_found(self, case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket, tried = path(case), []
        add = idempotency.add

        def late(*arguments: object) -> None:
            tried.append(arguments)
            if len(tried) == 1:
                raise IntegrityError("INSERT", {}, Exception("there is such a row"))
            add(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(idempotency, "add", late)
        assert case.client.post(f"{ticket}/reply", json=self.BODY, headers=KEY).json()["state"] == "sent"
        assert (len(tried), answers(case)) == (2, 1)


class TestNote:
    def test_a_repetition_keeps_no_second_note(self, case: Web) -> None:
        ticket = path(case)
        first = case.client.post(f"{ticket}/notes", json={"text": "The bank confirmed it."}, headers=KEY)
        again = case.client.post(f"{ticket}/notes", json={"text": "The bank confirmed it."}, headers=KEY)
        assert (first.status_code, again.status_code, again.headers["idempotency-replayed"]) == (204, 204, "true")
        assert notes(case) == 1

    def test_without_a_key_each_note_is_kept(self, case: Web) -> None:
        ticket = path(case)
        for _ in range(2):
            assert case.client.post(f"{ticket}/notes", json={"text": "Again."}).status_code == 204
        assert notes(case) == 2
        with case.store.read() as session:
            assert session.execute(select(IdempotencyKey)).all() == []
