"""Whom a customer copied is shown by `triaged tickets show`."""

from tests.support.cli import Case
from tests.support.emails import inbound, mail

BOB = "bob@partner.example"


def test_whom_a_customer_copied_is_shown(case: Case) -> None:
    email = case.intake.prepare(inbound(mail(headers=(f"Cc: {BOB}",))))
    reference = case.intake.store([email])[0].result().reference
    assert reference is not None
    assert f"also to: {BOB}" in case.run("tickets", "show", reference).out
    assert case.run("tickets", "show", reference, "--json").rows[0]["messages"][0]["copied"] == [BOB]


def test_how_many_more_were_copied_is_shown(case: Case) -> None:
    copied = ", ".join(f"p{number:02}@partner.example" for number in range(23))
    email = case.intake.prepare(inbound(mail(headers=(f"Cc: {copied}",))))
    reference = case.intake.store([email])[0].result().reference
    assert reference is not None
    assert "p19@partner.example and 3 more" in " ".join(case.run("tickets", "show", reference).out.split())
