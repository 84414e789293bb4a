"""`triaged stats` shows jobs that are due later, such as emails that a mail server which is away keeps waiting."""

import re
from datetime import timedelta

from sqlalchemy import update

from daemon.store.models import Job
from daemon.system.clock import SystemClock
from tests.support.cli import Case
from tests.support.emails import inbound, mail


def postpone(case: Case, **values: object) -> None:
    due = SystemClock().now() + timedelta(minutes=10, seconds=30)
    case.store.write(lambda session: session.execute(update(Job).values(due_at=due, **values)))


def test_a_postponed_job_is_shown_with_its_time_and_reason(case_anywhere: Case) -> None:
    ticket, _ = case_anywhere.opened(inbound(mail()))
    postpone(case_anywhere, last_error="cannot connect to mail.example.com:587: refused")
    said = case_anywhere.run("stats").out.splitlines()[-1]
    assert said.startswith(f"1 job due later; the next is triage ticket:{ticket}, due at ")
    assert said.endswith(", in 10 min: cannot connect to mail.example.com:587: refused")
    found = case_anywhere.run("stats", "--json").rows[0]
    assert found["oldest_due"] is None
    assert (found["due_later"]["number"], found["due_later"]["job"]) == (1, f"triage ticket:{ticket}")


def test_jobs_due_now_and_jobs_due_later_are_shown_both(case: Case) -> None:
    case.opened(inbound(mail()))
    postpone(case)
    ticket, _ = case.opened(inbound(mail(subject="Another", body="Something else")))
    oldest, later = case.run("stats").out.splitlines()[-2:]
    assert oldest.startswith(f"oldest waiting job: triage ticket:{ticket}, due for ")
    assert later.startswith("1 job due later; the next is triage ticket:")
    assert later.endswith(", in 10 min")


def test_without_a_job_none_is_waiting(case: Case) -> None:
    assert case.run("stats").out.splitlines()[-1] == "no job is waiting"


def test_a_trace_and_a_ticket_show_when_a_job_is_tried_again(case: Case) -> None:
    _, reference = case.opened(inbound(mail()))
    assert ", due at " not in case.run("trace", reference).out
    assert ", due at " not in case.run("tickets", "show", reference).out
    postpone(case, last_error="refused")
    assert re.search(r"0 attempts, due at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", case.run("trace", reference).out)
    assert re.search(r"ready, 0 attempts, due at \S+: refused\n", case.run("tickets", "show", reference).out)
