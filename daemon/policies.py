"""Convert settings to the values that intake and the listener use."""

import ipaddress
import socket
import ssl

from config.settings import Settings
from daemon.mail.analyze import Identity
from daemon.smtp.config import ListenerConfig


def identity(settings: Settings, keys: tuple[bytes, ...]) -> Identity:
    """Return our addresses and keys, as the analysis of an email needs them."""
    support = settings.support
    return Identity(
        own_addresses=frozenset(a.lower() for a in support.addresses),
        team_addresses=settings.team_addresses,
        keys=keys,
        reference_prefix=support.reference_prefix,
        trusted_authserv_ids=frozenset(name.lower() for name in support.trusted_authserv_ids),
        trusted_networks=tuple(ipaddress.ip_network(network) for network in settings.smtp.trusted_networks),
        mailbox_borders={mailbox.name: mailbox.border.lower() for mailbox in settings.imap if mailbox.border},
        accepted_lists=frozenset(name.lower() for name in support.accepted_lists),
        accepted_machines=frozenset(name.lower() for name in support.accepted_machines),
    )


def listener_config(settings: Settings) -> ListenerConfig:
    """Return the configuration of the listener."""
    smtp, limits = settings.smtp, settings.limits
    return ListenerConfig(
        recipients=frozenset(a.lower() for a in settings.support.addresses),
        hostname=smtp.hostname or socket.gethostname(),
        message_bytes=limits.message_bytes,
        recipients_at_most=limits.recipients,
        connections=limits.connections,
        connections_per_address=limits.connections_per_address,
        session_seconds=limits.session_seconds,
        idle_seconds=limits.idle_seconds,
        lmtp=smtp.protocol == "lmtp",
        plus_tokens=settings.support.plus_addressing,
        tls=_tls(settings),
        require_tls=smtp.require_tls,
        users={name: secret.get_secret_value() for name, secret in smtp.users.items()},
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.smtp.certificate, settings.smtp.key)
    return context
