"""The values that the settings are converted to."""

import ipaddress

from config.settings import Settings
from daemon.policies import identity


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
