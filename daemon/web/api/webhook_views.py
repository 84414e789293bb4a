"""What requests about webhooks say, and what we answer."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from daemon.store.queries.feed_rows import FeedType
from daemon.store.webhooks import WebhookState
from daemon.tickets import webhooks as actions
from daemon.web.api.rows import Answer
from daemon.web.validation import WEBHOOK_URL

EXAMPLE: Final[dict[str, Any]] = {
    "name": "shop",
    "url": "https://shop.example/hooks",
    "events": ["ticket.decided", "ticket.status_changed"],
    "pending": 0,
    "created_at": "2026-11-28T09:00:00Z",
    "created_by": "http:setup",
    "failing_since": None,
    "disabled_at": None,
}
DELIVERY: Final[dict[str, Any]] = {
    "id": 7,
    "type": "ticket.status_changed",
    "row": "event:12",
    "state": "sent",
    "attempts": 1,
    "answer": "200 ok",
    "message_id": "msg_pHq3xZbC8sVd2nWmK1tLQy0J",
    "created_at": "2026-11-28T09:00:01Z",
    "sent_at": "2026-11-28T09:00:02Z",
}
BODY: Final[dict[str, Any]] = {
    "type": "ticket.status_changed",
    "timestamp": "2026-11-28T09:00:00Z",
    "data": {
        "ticket": {
            "id": 7,
            "reference": "HD-7K3Q-M9XY",
            "status": "CLOSED",
            "category": "Payments",
            "priority": "High",
            "confidence": 1.0,
            "assigned_team": "PAYMENTS_TEAM",
        },
        "was": "OPEN",
        "status": "CLOSED",
        "until": None,
        "actor": "ana@example.com",
    },
}
# The secret of the examples of the specification.
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - an example


class NewWebhook(BaseModel):
    """A webhook to create. `events` are the types that it gets; without them, all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "shop", "url": "https://shop.example/hooks", "events": ["ticket.decided"]},
                {"name": "all", "url": "https://shop.example/all"},
            ]
        },
    )

    name: Annotated[str, Field(pattern=actions.NAME)]
    url: Annotated[str, Field(max_length=actions.LONGEST_URL, pattern=WEBHOOK_URL), AfterValidator(actions.check_url)]
    events: list[FeedType] = Field(default=[*FeedType], min_length=1, max_length=len(FeedType))


class Webhook(Answer):
    """A webhook; `pending` is the number of events that it was not sent yet, `failing_since` its first failure."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    name: str
    url: str
    events: list[str]
    pending: int
    created_at: datetime
    created_by: str
    failing_since: datetime | None
    disabled_at: datetime | None


class CreatedWebhook(Webhook):
    """A webhook that was created, and the secret that signs what it is sent. The secret is not shown again."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{**EXAMPLE, "secret": SECRET}]})

    secret: str


class Webhooks(Answer):
    """All webhooks, the oldest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"webhooks": [EXAMPLE]}]})

    webhooks: list[Webhook]


class WebhookSecret(Answer):
    """The new secret of a webhook. The one before signs too for 24 hours."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"secret": SECRET}]})

    secret: str


class WebhookDelivery(Answer):
    """An event for a webhook; `row` is the row that records it, `answer` what the endpoint or the network said last."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [DELIVERY]})

    id: int
    type: str
    row: str
    state: WebhookState
    attempts: int
    answer: str
    message_id: str
    created_at: datetime
    sent_at: datetime | None


class WholeDelivery(WebhookDelivery):
    """An event for a webhook with the body that is sent."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{**DELIVERY, "body": BODY}]})

    body: dict[str, Any]


class WebhookDeliveries(Answer):
    """A page of what a webhook was sent or is to be sent."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"deliveries": [DELIVERY]}]})

    deliveries: list[WebhookDelivery]
