"""The values that the settings are converted to."""

import ipaddress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.settings import ConfigError, Settings
from config.values import name_server
from daemon.cli.support.checks import authentication
from daemon.cli.support.checks.finding import State
from daemon.policies import demanded_authentication, dmarc_sources, identity
from daemon.vocabulary import Authentication, MailKind
from tests.support.ticket_snapshots import ticket_snapshot
from workers import preflight
from workers.notify.sample_tickets import ANSWER
from workers.notify.samples import SAMPLES
from workers.policies import brands, triage_policy
from workers.triage.policy import AddressPolicy


def test_the_borders_of_clients_and_mailboxes_are_those_of_the_settings() -> None:
    mailbox = {"host": "imap.example.com", "username": "support@example.com", "password": "x"}
    settings = Settings(
        support={"trusted_authserv_ids": ["MX.example.com"]},
        smtp={"trusted_networks": ["192.0.2.0/24", "2001:db8::1"]},
        imap=[{"name": "work", "border": "MX.google.com", **mailbox}, {"name": "other", **mailbox}],
    )
    found = identity(settings, ())
    assert found.trusted_authserv_ids == {"mx.example.com"}
    assert found.trusted_networks == (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::1/128"))
    assert found.mailbox_borders == {"work": "mx.google.com"}


def test_by_default_nobody_is_believed() -> None:
    found = identity(Settings(), ())
    assert (found.trusted_authserv_ids, found.trusted_networks, found.mailbox_borders) == (frozenset(), (), {})


BORDER = {"support": {"trusted_authserv_ids": ["mx.example.com"]}, "smtp": {"trusted_networks": ["192.0.2.0/24"]}}
MAILBOX = {"name": "work", "host": "imap.example.com", "username": "support@example.com", "password": "x"}


@pytest.mark.parametrize(
    ("settings", "demanded"),
    [
        ({}, "token"),
        (BORDER, "dmarc"),
        ({"imap": [{**MAILBOX, "border": "mx.google.com"}]}, "dmarc"),
        # One of several ways in with a border is enough: a forger would take the other.
        ({"imap": [{**MAILBOX, "border": "mx.google.com"}, {**MAILBOX, "name": "other"}]}, "dmarc"),
        ({"imap": [MAILBOX]}, "token"),
        # Results that no client may bring are no source, nor those of a listener that is off.
        ({"support": BORDER["support"]}, "token"),
        ({"support": BORDER["support"], "smtp": {"enabled": False, **BORDER["smtp"]}}, "token"),
        ({**BORDER, "conversation": {"authentication": "token"}}, "token"),
        ({**BORDER, "conversation": {"authentication": "submission"}}, "submission"),
        ({"conversation": {"authentication": "dmarc"}}, "dmarc"),
    ],
)
def test_what_members_have_to_prove(settings: dict[str, Any], demanded: str) -> None:
    assert demanded_authentication(Settings(**settings)) == demanded


@pytest.mark.parametrize(
    ("users", "state"),
    [({}, State.WARN), ({"relay": "x"}, State.WARN), ({"relay": "x", "Ana@Example.com": "x"}, State.OK)],
)
def test_a_login_is_a_proof_only_where_a_member_can_log_in(users: dict[str, str], state: State) -> None:
    settings = Settings(
        conversation={"authentication": "submission"},
        smtp={"users": users, "certificate": "/x.pem", "key": "/x.key"},
        teams=[{"name": one.name, "email": one.email, "members": ["ana@example.com"]} for one in Settings().teams],
    )
    (found,) = authentication.findings(settings)
    assert found.state is state


def test_our_own_check_is_a_source_of_dmarc_results() -> None:
    own = {"authentication": {"check": True, "authserv_id": "MX.shop.example"}}
    settings = Settings(**own)
    assert (demanded_authentication(settings), dmarc_sources(settings)) == (Authentication.DMARC, ("mx.shop.example",))
    assert dmarc_sources(Settings(**own, smtp={"enabled": False})) == ()


def test_results_under_our_own_name_are_forged_where_we_check() -> None:
    support = {"trusted_authserv_ids": ["mx.shop.example", "border.example"]}
    settings = Settings(support=support, smtp={"hostname": "MX.shop.example"}, authentication={"check": True})
    assert identity(settings, ()).trusted_authserv_ids == {"border.example"}
    trusting = settings.model_copy(
        update={"smtp": settings.smtp.model_copy(update={"trusted_networks": ("10.0.0.0/8",)})}
    )
    assert dmarc_sources(trusting) == ("mx.shop.example", "border.example")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_name_server_has_an_address_and_a_port(text: str, expected: tuple[str, int]) -> None:
    assert name_server(text) == expected


@pytest.mark.parametrize("text", ["", "dns.example", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:99999", "[192.0.2.53"])
def test_anything_else_is_no_name_server(text: str) -> None:
    with pytest.raises(ValueError, match="not a name server"):
        Settings(authentication={"nameservers": [text]})


SHOP = {"address": "Billing@Shop.example", "name": "Shop", "language": "de", "answer_from": "{agent}, {support}"}
HELP = {"name": "Help", "addresses": ["help@example.com", SHOP], "domain": "ids.example.com"}


def test_each_address_is_a_brand_and_an_unknown_one_is_the_first() -> None:
    found = brands(Settings(support=HELP))
    main, shop = found.main, found.by_address["billing@shop.example"]
    assert (main.mail.name, main.mail.address, main.mail.message_id_domain) == (
        "Help",
        "help@example.com",
        "ids.example.com",
    )
    assert (shop.mail.name, shop.mail.address, shop.mail.message_id_domain) == (
        "Shop",
        "Billing@shop.example",
        "shop.example",
    )
    assert (main.mail.language, shop.mail.language) == ("en", "de")
    assert (main.answer_from, shop.answer_from) == ("{agent} ({support})", "{agent}, {support}")
    assert len(list(found.renderers())) == 1
    for address, brand in (("billing@shop.example", shop), ("", main), ("gone@old.example", main)):
        assert found.of_email(MailKind.ACKNOWLEDGEMENT, ticket_snapshot(address=address), "ann@x.example") is brand
    assert found.of_email(MailKind.DIGEST, ticket_snapshot(address="billing@shop.example"), "team@x.example") is main


def test_a_customer_who_came_with_a_merged_ticket_is_answered_from_the_address_they_wrote_to() -> None:
    found = brands(Settings(support=HELP))
    answer = replace(ANSWER, addresses=(("ann@x.example", "billing@shop.example"),))
    ticket = ticket_snapshot(address="help@example.com", answer=answer)
    shop = found.by_address["billing@shop.example"]
    assert found.of_email(MailKind.ANSWER, ticket, "Ann@x.example") is shop
    assert found.of_email(MailKind.ANSWER, ticket, "bob@x.example") is found.main
    assert found.of_email(MailKind.ANSWERED, ticket, "ann@x.example") is found.main


def test_templates_of_an_address_come_before_those_of_the_admin_and_the_shipped(tmp_path: Path) -> None:
    for folder in ("admin", "shop"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "acknowledgement.subject.j2").write_text(f"from {folder}")
    (tmp_path / "admin" / "acknowledgement.txt.j2").write_text("text of admin")
    settings = Settings(
        service={"templates": tmp_path / "admin"},
        support={"addresses": ["help@example.com", {**SHOP, "templates": tmp_path / "shop"}]},
    )
    found = brands(settings)
    view = next(view for kind, view in SAMPLES if kind == "acknowledgement")
    made = [brand.renderer.render("acknowledgement", view) for brand in found.by_address.values()]
    assert [(one.subject, one.text) for one in made] == [
        ("from admin", "text of admin\n"),
        ("from shop", "text of admin\n"),
    ]
    assert all("<html" in one.html for one in made)


def test_missing_templates_of_an_address_are_refused_with_the_setting(tmp_path: Path) -> None:
    settings = Settings(support={"addresses": [{**SHOP, "templates": tmp_path / "nowhere"}]})
    with pytest.raises(ConfigError, match=r"support\.addresses\.Billing@shop\.example\.templates: .*no such directory"):
        preflight.check(settings)


def test_addresses_that_say_something_are_part_of_the_triage_policy() -> None:
    fixed = {"address": "Billing@Shop.example", "category": "Payments", "triage": "fixed"}
    policy = triage_policy(Settings(support={"addresses": ["help@example.com", fixed]}))
    assert policy.addresses == {
        "billing@shop.example": AddressPolicy("Billing@shop.example", "Payments", None, is_fixed=True)
    }


def test_intake_knows_every_address_and_the_one_of_each_mailbox() -> None:
    found = identity(Settings(support=HELP, imap=[{**MAILBOX, "address": "billing@shop.example"}]), ())
    assert found.own_addresses == {"help@example.com", "billing@shop.example"}
    assert found.mailbox_addresses == {"work": "billing@shop.example"}
    assert found.postmasters == {
        "postmaster@example.com": "help@example.com",
        "postmaster@shop.example": "billing@shop.example",
    }
