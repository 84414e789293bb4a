"""An empty list of jobs or outgoing emails says what is in the other states."""

from tests.support.cli import Case
from tests.support.emails import inbound, mail


def test_emails_that_wait_are_named_where_none_is_uncertain(case: Case) -> None:
    ticket, _ = case.opened(inbound(mail()))
    case.plan_mail(ticket, case.decide(ticket))
    outcome = case.run("deliveries", "list")
    assert outcome.err.strip() == "no uncertain deliveries; in other states: 1 planned (choose by --state)"
    assert case.run("deliveries", "list", "--state", "planned").err == ""


def test_jobs_that_wait_are_named_where_none_is_dead(case: Case) -> None:
    assert case.run("jobs", "list").err.strip() == "no dead jobs"
    case.opened(inbound(mail()))
    assert case.run("jobs", "list").err.strip() == "no dead jobs; in other states: 1 ready (choose by --state)"
    outcome = case.run("jobs", "list", "--json")
    assert (outcome.out, outcome.err) == ("", "")
