"""Convert settings to the values that intake and the listener use."""

import ipaddress
import socket
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Final

from config.settings import ConfigError, Settings
from daemon.mail.analyze import Identity
from daemon.mail.roster import Team, comparable
from daemon.smtp.config import ListenerConfig
from daemon.smtp.renewal import renewing
from daemon.system.os_errors import reason
from daemon.text import domain_of
from daemon.vocabulary import Authentication, ConversationPolicy, Status

# Every domain has one (RFC 5321 section 4.5.1), without an entry among the addresses.
POSTMASTER: Final = "postmaster"

# Sections that a reload changes in a process that runs; all others need a restart.
RELOADED: Final = ("teams", "categories", "rules", "triage", "conversation")


def identity(settings: Settings, keys: tuple[bytes, ...]) -> Identity:
    """Return our addresses and keys, as the analysis of an email needs them."""
    support, authentication = settings.support, settings.authentication
    return Identity(
        own_addresses=support.own,
        mailbox_addresses={one.name: one.address.lower() for one in settings.imap if one.address},
        postmasters={f"{POSTMASTER}@{domain_of(email)}": email.lower() for email in reversed(support.emails)},
        teams=tuple(Team.of(team.name, team.email, team.members) for team in settings.teams),
        conversation=conversation_policy(settings),
        keys=keys,
        reference_prefix=support.reference_prefix,
        trusted_authserv_ids=frozenset(name.lower() for name in believed_borders(settings)),
        trusted_networks=tuple(ipaddress.ip_network(network) for network in settings.smtp.trusted_networks),
        mailbox_borders={mailbox.name: mailbox.border.lower() for mailbox in settings.imap if mailbox.border},
        accepted_lists=frozenset(name.lower() for name in support.accepted_lists),
        accepted_machines=frozenset(name.lower() for name in support.accepted_machines),
        checks_senders=authentication.check,
        lead=comparable(settings.triage.lead or ""),
    )


def reloaded_identity(old: Identity, settings: Settings) -> Identity:
    """Return an identity with what a reload changes: teams, rules of conversations and the lead."""
    return old.reloaded(identity(settings, ()))


def reloaded_settings(old: Settings, new: Settings) -> Settings:
    """Return settings with what a reload changes of them for a running process."""
    # Who may sign in, and nothing else of these sections: people who left must not stay until the next restart.
    people = {
        "http": old.http.model_copy(update={"viewers": new.http.viewers}),
        "service": old.service.model_copy(update={"admin": new.service.admin}),
    }
    return old.model_copy(update={**{section: getattr(new, section) for section in RELOADED}, **people})


def believed_borders(settings: Settings) -> tuple[str, ...]:
    """Return the names of border servers whose results are believed when a trusted client brings them.

    RFC 8601 section 5: where we check senders, a result under our own name is forged, because we write none into email.
    """
    own = {own_authserv_id(settings)} if settings.authentication.check else set[str]()
    return tuple(name for name in settings.support.trusted_authserv_ids if name.lower() not in own)


def own_authserv_id(settings: Settings) -> str:
    """Return our own name in authentication results, in lower case."""
    return (settings.authentication.authserv_id or settings.smtp.hostname or socket.gethostname()).lower()


def conversation_policy(settings: Settings) -> ConversationPolicy:
    """Return what the admin decided on conversations."""
    conversation = settings.conversation
    return ConversationPolicy(
        authentication=demanded_authentication(settings),
        after_customer=Status(conversation.after_customer),
        after_answer=Status(conversation.after_answer),
        reopen_for=timedelta(days=conversation.reopen_days),
    )


def demanded_authentication(settings: Settings) -> Authentication:
    """Return what members have to prove: "auto" is DMARC where any source of results is configured, else the token.

    One source is enough, for all email: else a forger would take the way in that has none.
    """
    demanded = settings.conversation.authentication
    if demanded != "auto":
        return Authentication(demanded)
    return Authentication.DMARC if dmarc_sources(settings) else Authentication.TOKEN


def dmarc_sources(settings: Settings) -> tuple[str, ...]:
    """Return the names of the servers whose results on senders are believed; our own where we check senders."""
    borders = [mailbox.border for mailbox in settings.imap if mailbox.border]
    listening = settings.smtp.enabled and settings.smtp.trusted_networks
    own = [own_authserv_id(settings)] if settings.authentication.check and settings.smtp.enabled else []
    return (*own, *(believed_borders(settings) if listening else ()), *borders)


def listener_config(settings: Settings) -> ListenerConfig:
    """Return the configuration of the listener."""
    smtp, limits = settings.smtp, settings.limits
    return ListenerConfig(
        recipients=settings.support.own,
        hostname=smtp.hostname or socket.gethostname(),
        message_bytes=limits.message_bytes,
        max_recipients=limits.recipients,
        connections=limits.connections,
        connections_per_address=limits.connections_per_address,
        session_seconds=limits.session_seconds,
        idle_seconds=limits.idle_seconds,
        lmtp=smtp.protocol == "lmtp",
        tagged=settings.support.tagged,
        tls=tls(settings),
        require_tls=smtp.require_tls,
        users={name: secret.get_secret_value() for name, secret in smtp.users.items()},
    )


def tls(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of the listener, None without a certificate; it notices a renewed one.

    Raises ConfigError.
    """
    certificate, key = settings.smtp.certificate, settings.smtp.key
    if certificate is None or key is None:
        return None
    return renewing((certificate, key), lambda: _load(certificate, key))


def _load(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the TLS context of a server with this certificate; raises ConfigError."""
    _refuse_unreadable("smtp.certificate", certificate)
    _refuse_unreadable("smtp.key", key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(certificate)
    except ssl.SSLError:
        raise ConfigError(f"smtp.certificate: {certificate} is not a certificate chain in PEM") from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password here, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        other = getattr(error, "reason", None) == "KEY_VALUES_MISMATCH"
        what = f"does not belong to {certificate}" if other else "is not an unencrypted private key in PEM"
        raise ConfigError(f"smtp.key: {key} {what}") from None
    return context


def _refuse_unreadable(setting: str, path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{setting}: {path} cannot be read: {reason(error)}") from None
