"""The values that the settings are converted to."""

import ipaddress
from typing import Any

import pytest

from config.settings import Settings
from daemon.cli.support.checks import authentication
from daemon.cli.support.checks.finding import State
from daemon.policies import demanded_authentication, identity


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
