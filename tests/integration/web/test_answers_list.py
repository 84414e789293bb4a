"""The list of answers is read by a statement of its own: a ticket may have hundreds of long messages."""

from sqlalchemy import event

from daemon.store.store import Store
from tests.support.http import problem, web


def test_only_answers_are_read(sqlite_store: Store) -> None:
    with web(sqlite_store) as case:
        path = f"/tickets/{case.opened(email='ana@example.com')['reference']}"
        for text in ("First.", "Second."):
            assert case.client.post(f"{path}/reply", json={"text": text}).status_code == 201
        asked: list[str] = []
        event.listen(case.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        found = case.client.get(f"{path}/answers").json()["answers"]
    assert [(one["id"], one["state"], one["recipients"]) for one in found] == [
        (1, "sent", ["ana@example.com"]),
        (2, "sent", ["ana@example.com"]),
    ]
    assert not [one for one in asked if any(f"FROM {name}" in one for name in ("message", "decision", "delivery"))]


def test_a_ticket_without_answers_has_an_empty_list_and_no_ticket_has_none(sqlite_store: Store) -> None:
    with web(sqlite_store) as case:
        ticket = case.opened()
        assert case.client.get(f"/tickets/{ticket['id']}/answers").json() == {"answers": []}
        for name in ("999", "HD-2222-2222", "99999999999999999999"):
            assert problem(case.client.get(f"/tickets/{name}/answers")) == (404, "not-found")
