"""Turn settings into the values that the workers use."""

from datetime import timedelta
from pathlib import Path

import structlog

from config.schema import SupportAddress
from config.settings import Settings
from config.values import name_server, time_zone
from daemon.authentication.checker import Checker, NoChecker, SenderChecker
from daemon.authentication.resolver import NoNameServerError, Resolver
from daemon.mail.commands import CommandVocabulary
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.health import Thresholds
from daemon.vocabulary import Priority
from workers.actors.brands import Brand, Brands
from workers.actors.config import ActorConfig, Lead
from workers.notify.outgoing import MailConfig
from workers.notify.plan import SendLimits
from workers.notify.render import Renderer
from workers.triage.policy import AddressPolicy, Category, Mode, Rule, TriagePolicy, Where
from workers.webhooks.client import PostPolicy

log = structlog.get_logger(__name__)


def thresholds(settings: Settings) -> Thresholds:
    """Return how long each thing may take before the admin is alerted."""
    health = settings.health
    return Thresholds(
        job=timedelta(minutes=health.job_minutes),
        mailbox=timedelta(minutes=health.mailbox_minutes),
        no_mail=timedelta(hours=health.no_mail_hours) if health.no_mail_hours else None,
        limited=health.suppressed_acknowledgements,
    )


def actor_config(settings: Settings) -> ActorConfig:
    """Return the configuration of the actors; raises TemplateProblem for a broken template."""
    return ActorConfig(
        triage=triage_policy(settings),
        teams={team.name: team.email for team in settings.teams},
        own_addresses=settings.support.own,
        limits=send_limits(settings),
        brands=brands(settings),
        answers=answer_policy(settings),
        answer_attachment_bytes=settings.limits.answer_attachment_bytes,
        vocabulary=command_vocabulary(settings),
        similar=settings.triage.semantic and settings.triage.similar,
        lead=lead(settings),
    )


def lead(settings: Settings) -> Lead | None:
    """Return who is asked about doubtful tickets, None if nobody is."""
    triage = settings.triage
    return Lead(triage.lead, triage.lead_hour, time_zone(settings.support.timezone)) if triage.lead else None


def command_vocabulary(settings: Settings) -> CommandVocabulary:
    """Return the names that commands in emails may use."""
    return CommandVocabulary(
        teams=tuple(team.name for team in settings.teams),
        categories=tuple(category.name for category in settings.categories),
        priorities=tuple(priority for priority in Priority if priority is not Priority.PENDING),
        reference_prefix=settings.support.reference_prefix,
    )


def send_limits(settings: Settings) -> SendLimits:
    """Return the limits on the number of emails that we send."""
    limits = settings.limits
    return SendLimits(
        per_stranger_day=limits.acknowledgements_per_stranger_day,
        per_address_hour=limits.acknowledgements_per_address_hour,
        per_address_day=limits.acknowledgements_per_address_day,
        per_domain_hour=limits.acknowledgements_per_domain_hour,
        per_hour=limits.acknowledgements_per_hour,
        notifications_per_team_hour=limits.notifications_per_team_hour,
        returned_per_hour=limits.answers_per_ticket_hour,
    )


def sender_checker(settings: Settings) -> Checker:
    """Return what checks senders; without a name server, and where the check is off, it checks nobody."""
    authentication = settings.authentication
    if not authentication.check:
        return NoChecker("authentication.check is off")
    try:
        resolver = Resolver([name_server(one) for one in authentication.nameservers])
    except NoNameServerError as error:
        log.error("no name server is known, so no sender is checked", reason=str(error))  # noqa: TRY400 - says all
        return NoChecker("no name server is known")
    return SenderChecker(resolver, authentication.timeout_seconds, authentication.trusted_intermediaries)


def triage_policy(settings: Settings) -> TriagePolicy:
    """Return the triage policy that the settings describe."""
    triage = settings.triage
    return TriagePolicy(
        categories=tuple(
            Category(c.name, c.team, Priority(c.priority), Mode(c.mode) if c.mode else None, c.threshold, c.description)
            for c in settings.categories
        ),
        rules=triage_rules(settings),
        mode=Mode(triage.mode),
        threshold=triage.threshold,
        review_team=triage.review_team,
        fallback_team=triage.fallback_team,
        fallback_category=settings.categories[-1].name,
        promised_accuracy=triage.promised_accuracy,
        audit_share=triage.audit_share,
        addresses=address_policies(settings),
    )


def address_policies(settings: Settings) -> dict[str, AddressPolicy]:
    """Return what our addresses say about the tickets to them; a plain address says nothing."""
    return {
        entry.address.lower(): AddressPolicy(entry.address, entry.category, entry.team, entry.triage == "fixed")
        for entry in settings.support.addresses
        if entry.category or entry.team
    }


def brands(settings: Settings) -> Brands:
    """Return what the emails of each support address look like; raises TemplateProblem for a broken template."""
    renderers: dict[Path | None, Renderer] = {}
    found: dict[str, Brand] = {}
    for entry in settings.support.addresses:
        if entry.templates not in renderers:
            renderers[entry.templates] = renderer(settings, entry)
            renderers[entry.templates].check()
        found[entry.address.lower()] = Brand(
            mail=mail_config(settings, entry),
            renderer=renderers[entry.templates],
            answer_from=entry.answer_from or settings.conversation.answer_from,
            # A Maildir takes the emails of all addresses, and nothing is sent.
            server=(entry.server or "") if settings.outgoing.transport == "smtp" else "",
        )
    return Brands(found[settings.support.address.lower()], found)


def renderer(settings: Settings, entry: SupportAddress) -> Renderer:
    """Return the templates of an address: its own, then those of the admin, then the shipped ones."""
    return Renderer(*(path for path in (entry.templates, settings.service.templates) if path is not None))


def mail_config(settings: Settings, entry: SupportAddress | None = None) -> MailConfig:
    """Return the configuration of the email that comes from a support address, by default the main one."""
    entry = entry or settings.support.addresses[0]
    return MailConfig(
        name=entry.name or settings.support.name,
        address=entry.address,
        plus_addressing=settings.support.takes_tags(entry),
        message_id_domain=settings.support.message_id_domain_of(entry.address),
        review_team=settings.triage.review_team,
        attachment_bytes=settings.limits.notification_attachment_bytes,
        delivery_days=settings.limits.delivery_days,
        hint=settings.triage.mode == "always",
        language=entry.language or settings.support.language,
        team_languages={team.name: team.language for team in settings.teams},
        fixed_teams={
            one.address.lower(): one.team
            for one in settings.support.addresses
            if one.team and one.triage == "fixed" and one.category is None
        },
    )


def triage_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that the settings describe."""
    return tuple(
        Rule(
            name=r.name,
            category=r.category,
            priority=Priority(r.priority) if r.priority else None,
            phrases=r.phrases,
            patterns=r.patterns,
            where=Where(r.where),
            precision=r.precision,
        )
        for r in settings.rules
    )


def webhook_policy(settings: Settings) -> PostPolicy:
    """Return where webhooks may go."""
    return PostPolicy(settings.webhooks.allowed_networks, settings.webhooks.timeout_seconds)
