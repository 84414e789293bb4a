"""An empty list of jobs or outgoing emails says that others may be in other states."""

from tests.support.cli import Case
from tests.support.emails import inbound, mail

REST = "; `triaged stats` counts the others, and --state lists them"


def test_emails_that_wait_are_pointed_to_where_none_is_uncertain(case: Case) -> None:
    ticket, _ = case.opened(inbound(mail()))
    case.plan_mail(ticket, case.decide(ticket))
    assert case.run("deliveries", "list").err.strip() == f"no uncertain deliveries{REST}"
    assert case.run("deliveries", "list", "--state", "planned").err == ""


def test_jobs_that_wait_are_pointed_to_where_none_is_dead(case: Case) -> None:
    case.opened(inbound(mail()))
    assert case.run("jobs", "list").err.strip() == f"no dead jobs{REST}"
    assert case.run("jobs", "list", "--kind", "train").err.strip() == f"no dead train jobs{REST}"
    outcome = case.run("jobs", "list", "--json")
    assert (outcome.out, outcome.err) == ("", "")
