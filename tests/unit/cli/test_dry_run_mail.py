"""What `try` prints of a mail: addresses as people read them."""

from daemon.cli.support.dry_run import DryRunTools
from daemon.cli.support.dry_run_mail import Mail, failed, read
from tests.support.domain_values import category, identity, triage_policy
from tests.support.emails import SUPPORT, mail

OUTFIT = DryRunTools(
    identity(own_addresses=frozenset({SUPPORT})),
    triage_policy(categories=(category("General", "GENERAL_SUPPORT"),), threshold=0.3),
    None,
    {},
)


def test_addresses_are_printed_as_people_read_them() -> None:
    headers = ("Reply-To: ann@xn--bcher-kva.example", "Cc: Bob <bob@plain.example>, undisclosed")
    row = read(OUTFIT, Mail("a.eml", mail("Ann <ann@bücher.example>", headers=headers))).row
    assert row["from"] == [{"name": "Ann", "email": "ann@bücher.example"}]
    assert row["reply_to"] == [{"name": "", "email": "ann@bücher.example"}]
    assert row["cc"] == [{"name": "Bob", "email": "bob@plain.example"}, {"name": "undisclosed", "email": None}]


def test_a_row_of_a_failure_has_the_keys_of_one_that_was_read() -> None:
    row = read(OUTFIT, Mail("a.eml", mail())).row
    assert failed(Mail("a.eml", b""), "boom").row.keys() == row.keys() | {"error"}
