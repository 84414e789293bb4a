"""The other operations: messages, mail, jobs, deliveries, triage, statistics and models."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from daemon.store.models import Event, Job
from daemon.store.store import Store
from daemon.vocabulary import Disposition, SenderCheck
from daemon.web.documents import WRITTEN, document, text
from tests.support.emails import inbound, mail
from tests.support.http import Web, problem, web


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found


def test_the_written_document_is_that_of_the_application(sqlite_store: Store) -> None:
    assert WRITTEN.read_text("utf-8") == text(), "run make docs"
    with web(sqlite_store) as case:
        assert document(case.app)["paths"].keys() == case.stranger.get("/openapi.json").json()["paths"].keys()


def test_a_ticket_shows_its_messages_and_its_trace(case: Web) -> None:
    opened = case.opened(email="ana@example.com")
    path = f"/tickets/{opened['reference']}"
    [message] = case.client.get(f"{path}/messages").json()["messages"]
    assert (message["email"], message["reply"].strip()) == ("ana@example.com", "Amount debited but not credited")
    assert case.client.get(f"{path}/decisions").json() == {"decisions": []}
    assert case.client.get(f"{path}/events").json() == {"events": []}
    steps = case.client.get(f"{path}/trace").json()["steps"]
    assert [step["subject"].partition(":")[0] for step in steps] == ["inbound", "ticket", "message", "job"]
    assert case.client.get(f"/mail/{message['mail']}/trace").json()["steps"] == steps
    assert b"Subject: Payment failed" in case.client.get(f"/mail/{message['mail']}/raw").content


def test_a_message_shows_what_our_own_check_of_its_sender_found(case: Web) -> None:
    check = SenderCheck(verified=True, results=("dmarc=pass (customer.example, spf)", "spf=pass (customer.example)"))
    receipt = case.intake.store([case.intake.prepare(inbound(mail()), check=check)])[0].result()
    [message] = case.client.get(f"/tickets/{receipt.reference}/messages").json()["messages"]
    assert (message["verified"], message["authentication"]) == (True, [*check.results])


@pytest.mark.parametrize("rest", ["", "/messages", "/decisions", "/events", "/trace", "/attachments/1"])
def test_of_no_ticket_nothing_is_shown(rest: str, case: Web) -> None:
    assert problem(case.client.get(f"/tickets/99{rest}")) == (404, "not-found")


@pytest.mark.parametrize("path", ["/mail/9", "/mail/9/raw", "/mail/9/trace", "/deliveries/9"])
def test_what_is_not_there_is_not_found(path: str, case: Web) -> None:
    assert problem(case.client.get(path)) == (404, "not-found")


@pytest.mark.parametrize(
    "path",
    ["/mail/9/replay", "/mail/9/release", "/jobs/9/retry", "/jobs/9/dismiss", "/deliveries/9/resend"],
)
def test_what_is_not_there_cannot_be_changed(path: str, case: Web) -> None:
    assert problem(case.client.post(path)) == (404, "not-found")


def test_emails_are_listed_in_all_states_at_once(case: Web) -> None:
    case.intake.accept(inbound(mail()))
    answer = case.client.get("/mail", params=[("state", state) for state in Disposition])
    assert (answer.status_code, len(answer.json()["mail"])) == (200, 1)


def test_a_screened_out_email_is_listed_and_released_by_name(case: Web) -> None:
    case.intake.accept(inbound(b"Auto-Submitted: auto-replied\r\n" + mail()))
    [line] = case.client.get("/mail", params={"state": "auto-reply"}).json()["mail"]
    released = case.client.post(f"/mail/{line['id']}/release").json()
    assert (released["disposition"], released["id"]) == ("ticket", line["id"])
    assert problem(case.client.post(f"/mail/{line['id']}/release")) == (409, "conflict")
    assert problem(case.client.post(f"/mail/{line['id']}/replay")) == (409, "conflict")
    with case.store.read() as session:
        events = session.execute(select(Event.data).where(Event.kind == "email released")).scalars().all()
    assert [event["actor"] for event in events] == ["http:all"]


def test_a_dead_job_is_retried_by_name(case: Web) -> None:
    opened = case.opened()

    def kill(session: object) -> None:
        job = session.execute(select(Job)).scalars().one()  # type: ignore[attr-defined]
        job.state = "dead"

    case.store.write(kill)
    [job] = case.client.get("/jobs").json()["jobs"]
    assert job["subject"] == f"ticket:{opened['id']}"
    assert case.client.post(f"/jobs/{job['id']}/retry").json()["state"] == "ready"
    assert problem(case.client.post(f"/jobs/{job['id']}/dismiss")) == (409, "conflict")
    events = case.client.get(f"/tickets/{opened['id']}/events").json()["events"]
    assert [(event["kind"], event["data"]["actor"]) for event in events] == [("job retried", "http:all")]


def test_lists_are_paged(case: Web) -> None:
    for _ in range(3):
        case.opened()
    first = case.client.get("/jobs?state=ready&limit=2")
    second = case.client.get(first.links["next"]["url"])
    assert [row["id"] for row in (*first.json()["jobs"], *second.json()["jobs"])] == [3, 2, 1]
    first = case.client.get("/mail?limit=2")
    assert [row["id"] for row in case.client.get(first.links["next"]["url"]).json()["mail"]] == [1]
    assert case.client.get("/deliveries?state=planned").json() == {"deliveries": []}


def test_statistics(case: Web) -> None:
    case.opened()
    counts = case.client.get("/stats").json()
    assert (counts["emails"], counts["tickets"], counts["categories"]) == ({"ticket": 1}, {"OPEN": 1}, {"PENDING": 1})
    assert case.client.get("/stats/triage").json()["decided"] == 0


@pytest.mark.parametrize("path", ["/models", "/models/x"])
def test_a_process_without_the_tools_says_so(path: str, case: Web) -> None:
    assert problem(case.client.get(path)) == (503, "unavailable")
