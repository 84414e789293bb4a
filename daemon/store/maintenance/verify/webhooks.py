"""Rules for what webhooks get: each is in a known state, and what is pending has a job that sends it."""

from sqlalchemy import and_, not_

from daemon.store.jobs import JobKind
from daemon.store.maintenance.verify.rule import Rule, Setting, live_job, wrong_date
from daemon.store.models import WebhookDeliveryRow
from daemon.store.webhooks import WebhookState
from daemon.vocabulary import SubjectKind


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules, the most important first."""
    state = WebhookDeliveryRow.state
    live = live_job(JobKind.WEBHOOK, SubjectKind.WEBHOOK, WebhookDeliveryRow.id)
    sent, ended = state == WebhookState.SENT, state.in_([WebhookState.FAILED, WebhookState.DROPPED])
    return (
        Rule(WebhookDeliveryRow, "is in no known state", state.not_in([one.value for one in WebhookState])),
        Rule(
            WebhookDeliveryRow,
            "is pending, and no live job will send it",
            and_(state == WebhookState.PENDING, not_(live)),
        ),
        Rule(WebhookDeliveryRow, "is sent, but has no time", and_(sent, WebhookDeliveryRow.sent_at.is_(None))),
        Rule(WebhookDeliveryRow, "was not sent, but has no reason", and_(ended, WebhookDeliveryRow.answer == "")),
        wrong_date(WebhookDeliveryRow, setting, "created_at", "sent_at"),
    )
