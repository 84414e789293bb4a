"""Tickets are listed, found, shown and changed from the command line."""

import pytest
from sqlalchemy import select

from daemon.store.models import Decision, Event, Job, Ticket
from daemon.vocabulary import Subject, SubjectKind
from tests.support.cli import Case
from tests.support.emails import ANN, inbound, mail

KEYS = [
    *("reference", "status", "category", "priority", "confidence", "assigned_team"),
    *("subject", "requester", "created_at"),
]


def test_a_list_has_the_newest_ticket_first_and_every_documented_key(case: Case) -> None:
    _, first = case.opened(inbound(mail(subject="one", body="one")))
    _, second = case.opened(inbound(mail(subject="two", body="two")))
    rows = case.run("tickets", "list", "--json").rows
    assert [row["reference"] for row in rows] == [second, first]
    assert list(rows[0]) == KEYS
    assert rows[0]["requester"] == ANN
    assert (rows[0]["category"], rows[0]["confidence"], rows[0]["assigned_team"]) == ("PENDING", None, None)


def test_a_piped_list_is_tab_separated_with_its_header(case: Case) -> None:
    _, reference = case.opened(inbound(mail()))
    header, line = case.run("tickets", "list").out.splitlines()
    assert header.split("\t") == KEYS
    assert line.split("\t")[:4] == [reference, "OPEN", "PENDING", "PENDING"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), 2),
        (("--status", "open"), 1),
        (("--status", "CLOSED"), 1),
        (("--status", "SPAM"), 0),
        (("--team", "PAYMENTS_TEAM"), 1),
        (("--team", "TECH_SUPPORT"), 0),
        (("--category", "PENDING"), 1),
        (("--since", "2026-03-02"), 2),
        (("--since", "2026-03-03"), 0),
        (("--limit", "1"), 1),
        (("--team", "PAYMENTS_TEAM", "--status", "OPEN"), 1),
    ],
)
def test_a_list_is_filtered(case: Case, options: tuple[str, ...], found: int) -> None:
    routed, _ = case.opened(inbound(mail(subject="one", body="one")))
    _, closed = case.opened(inbound(mail(subject="two", body="two")))
    case.decide(routed)
    case.run("tickets", "close", closed)
    assert len(case.run("tickets", "list", "--json", *options).rows) == found


def test_the_review_lists_what_waits_for_a_person_with_the_reason_of_its_place(case: Case) -> None:
    routed, _ = case.opened(inbound(mail(subject="routed", body="one")))
    one, first = case.opened(inbound(mail(subject="Parcel stuck", body="customs")))
    other, second = case.opened(inbound(mail(subject="Printer broken", body="orange light")))
    case.decide(routed)
    for ticket in (other, one):
        case.decide(ticket, team="MANUAL_REVIEW")
    rows = case.run("tickets", "review", "--json").rows
    assert [(row["reference"], row["subject"]) for row in rows] == [(first, "Parcel stuck"), (second, "Printer broken")]
    assert list(rows[0]) == ["reference", "reason", "subject", "created_at"]
    assert rows[0]["reason"] == "waits for more than a day"
    assert len(case.run("tickets", "review", "--limit", "1", "--json").rows) == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("card",), True),
        (("CARD",), True),
        (("was", "charged", "100%"), True),
        (("charged 100x",), False),
        (("c_rd",), False),
        (("überweisung",), True),
        (("ann@customer.example",), True),
        (("Ann Example",), True),
        (("nobody@customer.example",), False),
        (("\\",), False),
    ],
)
def test_a_search_covers_subject_text_and_requester_and_takes_every_character_literally(
    case: Case, words: tuple[str, ...], *, found: bool
) -> None:
    case.opened(inbound(mail(subject="My card", body="It was charged 100% twice. Überweisung.")))
    assert bool(case.run("tickets", "search", "--json", *words).rows) is found


def test_a_search_finds_a_reference(case: Case) -> None:
    _, reference = case.opened(inbound(mail()))
    assert case.run("tickets", "search", reference.lower(), "--json").rows[0]["reference"] == reference


def test_a_search_covers_only_the_newest_tickets(case: Case) -> None:
    case.opened(inbound(mail(subject="needle", body="old")))
    case.opened(inbound(mail(subject="hay", body="new")))
    assert case.run("tickets", "search", "needle", "--newest", "1", "--json").rows == []
    assert len(case.run("tickets", "search", "needle", "--newest", "2", "--json").rows) == 1


def test_a_ticket_is_shown_with_its_email_and_the_reasons(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail(body="Amount debited")))
    case.decide(ticket_id)
    said = case.run("tickets", "show", reference).out
    for part in (
        reference,
        "Amount debited",
        "because the reason",
        "alternatives: Login 0.10",
        "PAYMENTS_TEAM",
        "model m1",
    ):
        assert part in said
    row = case.run("tickets", "show", reference, "--json").rows[0]
    assert row["decisions"][0]["reasons"] == ["the reason"]
    assert row["messages"][0]["reply"].strip() == "Amount debited"


def test_control_characters_of_an_email_never_reach_the_terminal(case: Case) -> None:
    hostile = "\x1b[31mred \x9b31m \u202ertl \x07"
    _, reference = case.opened(inbound(mail(subject="=?utf-8?q?=1B]0;owned=07_=E2=80=AEx?=", body=hostile)))
    for command in (("tickets", "show", reference), ("tickets", "list"), ("trace", reference)):
        for json in ((), ("--json",)):
            said = case.run(*command, *json).out
            assert not set(said) & set("\x1b\x9b\u202e\x07"), command


@pytest.mark.parametrize("typed", [str.lower, lambda r: r.replace("-", ""), lambda r: r.removeprefix("HD-"), str])
def test_a_reference_may_be_typed_in_any_usual_way(case: Case, typed: type[str]) -> None:
    _, reference = case.opened(inbound(mail()))
    assert case.run("tickets", "show", typed(reference), "--json").rows[0]["reference"] == reference


def test_an_unknown_ticket_exits_with_66(case: Case) -> None:
    outcome = case.run("tickets", "show", "HD-XXXX-XXXX")
    assert (outcome.code, outcome.out) == (66, "")
    assert "no ticket HD-XXXX-XXXX" in outcome.err


def test_a_correction_routes_the_ticket_notifies_the_team_and_is_verified(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.decide(ticket_id)
    outcome = case.run("tickets", "correct", reference, "--category", "Login", "--priority", "high", "--actor", "anna")
    assert outcome.code == 0
    ticket = case.ask(lambda s: s.get(Ticket, ticket_id))
    assert (ticket.category, ticket.priority, ticket.confidence, ticket.assigned_team) == (
        *("Login", "High", 1.0),
        "IDENTITY_TEAM",
    )
    decision = case.ask(lambda s: s.execute(select(Decision).order_by(Decision.id.desc())).scalars().first())
    assert (decision.by, decision.actor, decision.replaces) == ("person", "anna", decision.id - 1)
    promised = select(Job.kind).where(Job.subject == Subject(SubjectKind.DECISION, decision.id))
    assert case.ask(lambda s: s.execute(promised).scalars().all()) == ["notify"]


def test_a_correction_keeps_the_priority_unless_one_is_given(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.decide(ticket_id)
    case.run("tickets", "correct", reference, "--category", "Login")
    assert case.ask(lambda s: s.get(Ticket, ticket_id)).priority == "Medium"


def test_a_correction_of_a_pending_ticket_takes_the_priority_of_its_category(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.run("tickets", "correct", reference, "--category", "Login")
    assert case.ask(lambda s: s.get(Ticket, ticket_id)).priority == "High"


def test_the_same_correction_twice_does_nothing(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.decide(ticket_id)
    case.run("tickets", "correct", reference, "--category", "Login")
    before = _counts(case)
    outcome = case.run("tickets", "correct", reference, "--category", "Login")
    assert "nothing to do" in outcome.out
    assert _counts(case) == before


def test_a_confirmation_is_stored_and_sends_no_email(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.decide(ticket_id)
    decisions, jobs = _counts(case)
    case.run("tickets", "correct", reference, "--category", "Payments")
    assert _counts(case) == (decisions + 1, jobs)


def test_an_unknown_category_is_refused_with_the_known_ones(case: Case) -> None:
    _, reference = case.opened(inbound(mail()))
    outcome = case.run("tickets", "correct", reference, "--category", "Nonsense")
    assert outcome.code == 65
    assert "Payments, Login, Technical, General" in outcome.err


def test_an_assignment_moves_the_ticket_and_keeps_its_category(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.decide(ticket_id)
    assert case.run("tickets", "assign", reference, "--team", "TECH_SUPPORT").code == 0
    ticket = case.ask(lambda s: s.get(Ticket, ticket_id))
    assert (ticket.category, ticket.assigned_team) == ("Payments", "TECH_SUPPORT")
    by = case.ask(lambda s: s.execute(select(Decision.by).order_by(Decision.id.desc())).scalars().first())
    assert by == "assignment"


def test_a_pending_ticket_cannot_be_assigned(case: Case) -> None:
    _, reference = case.opened(inbound(mail()))
    assert case.run("tickets", "assign", reference, "--team", "TECH_SUPPORT").code == 65


def test_closing_is_recorded_once(case: Case) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    assert "closed" in case.run("tickets", "close", reference, "--actor", "anna").out
    assert "already" in case.run("tickets", "close", reference).out
    events = case.ask(lambda s: s.execute(select(Event).where(Event.ticket_id == ticket_id)).scalars().all())
    assert [(e.kind, e.data["actor"]) for e in events] == [("closed", "anna")]


def _counts(case: Case) -> tuple[int, int]:
    def count(table: type[Decision | Job]) -> int:
        return len(case.ask(lambda session: session.execute(select(table.id)).all()))

    return count(Decision), count(Job)
