"""The rows that `triaged try` prints."""

from daemon.cli.support.dry_run import DryRunTools
from daemon.cli.support.dry_run_mail import EmailFile, dry_run, failed
from tests.support.domain_values import category, identity, triage_policy
from tests.support.emails import SUPPORT, mail

TOOLS = DryRunTools(
    identity(own_addresses=frozenset({SUPPORT})),
    triage_policy(categories=(category("General", "GENERAL_SUPPORT"),), threshold=0.3),
    None,
    {},
    semantic=False,
)


def test_addresses_are_printed_in_unicode() -> None:
    headers = ("Reply-To: ann@xn--bcher-kva.example", "Cc: Bob <bob@plain.example>, undisclosed")
    row = dry_run(TOOLS, EmailFile("a.eml", mail("Ann <ann@bücher.example>", headers=headers))).row
    assert row["from"] == [{"name": "Ann", "email": "ann@bücher.example"}]
    assert row["reply_to"] == [{"name": "", "email": "ann@bücher.example"}]
    assert row["cc"] == [{"name": "Bob", "email": "bob@plain.example"}, {"name": "undisclosed", "email": None}]


def test_a_row_of_a_failure_has_the_keys_of_a_normal_row() -> None:
    row = dry_run(TOOLS, EmailFile("a.eml", mail())).row
    assert failed(EmailFile("a.eml", b""), "boom").row.keys() == row.keys() | {"error"}
