"""Turn settings into the values that the workers use."""

from datetime import timedelta

import structlog

from config.settings import Settings
from config.values import name_server
from daemon.authentication.checker import Checker, NoChecker, SenderChecker
from daemon.authentication.resolver import NoNameServerError, Resolver
from daemon.mail.commands import CommandVocabulary
from daemon.tickets.conversation_policy import conversation_policy
from daemon.tickets.health import Thresholds
from daemon.vocabulary import Priority
from workers.actors.config import ActorConfig
from workers.notify.outgoing import MailConfig
from workers.notify.plan import SendLimits
from workers.notify.render import Renderer
from workers.triage.policy import Category, Mode, Rule, TriagePolicy, Where
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
    renderer = Renderer(settings.service.templates)
    renderer.check()
    return ActorConfig(
        triage=triage_policy(settings),
        teams={team.name: team.email for team in settings.teams},
        own_addresses=settings.support.own,
        limits=send_limits(settings),
        mail=mail_config(settings),
        renderer=renderer,
        conversation=conversation_policy(settings),
        answer_from=settings.conversation.answer_from,
        answer_attachment_bytes=settings.limits.answer_attachment_bytes,
        vocabulary=command_vocabulary(settings),
    )


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
            Category(c.name, c.team, Priority(c.priority), Mode(c.mode) if c.mode else None, c.threshold)
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
    )


def mail_config(settings: Settings) -> MailConfig:
    """Return the configuration of outgoing email."""
    return MailConfig(
        name=settings.support.name,
        address=settings.support.address,
        plus_addressing=settings.support.plus_addressing,
        message_id_domain=settings.support.message_id_domain,
        review_team=settings.triage.review_team,
        attachment_bytes=settings.limits.notification_attachment_bytes,
        delivery_days=settings.limits.delivery_days,
        hint=settings.triage.mode == "always",
        language=settings.support.language,
        team_languages={team.name: team.language for team in settings.teams},
    )


def triage_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that the settings describe."""
    return tuple(
        Rule(
            r.name,
            r.category,
            Priority(r.priority) if r.priority else None,
            r.phrases,
            r.patterns,
            Where(r.where),
            r.precision,
        )
        for r in settings.rules
    )


def webhook_policy(settings: Settings) -> PostPolicy:
    """Return where webhooks may go."""
    return PostPolicy(settings.webhooks.allowed_networks, settings.webhooks.timeout_seconds)
