"""Webhooks: where they go, and what was sent or is to be sent."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class WebhookRow(Base):
    """An endpoint of webhooks. `events` are the types that it gets, `cursor` how far it was given the feed of events.

    During a rotation `old_secret` signs too, until `old_until`. `failing_since` is the first failure after the last
    success; before `paused_until` nothing is sent. A disabled or removed endpoint gets nothing.
    """

    __tablename__ = "webhook"
    id: Id = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str]
    events: Mapped[list[str]]
    secret: Mapped[str]
    old_secret: Mapped[str | None]
    old_until: Mapped[datetime | None]
    cursor: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class WebhookDeliveryRow(Base):
    """An event for one endpoint, unique per `row`, the row that records the event, such as "decision:9".

    `message_id` is the id by which the endpoint recognises a repetition, `body` the JSON that is signed. `state` is a
    WebhookState, `answer` what the endpoint or the network said last.
    """

    __tablename__ = "webhook_delivery"
    id: Id = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    row: Mapped[str] = mapped_column(String(32))
    type: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[str]
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int]
    answer: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        Index("webhook_delivery_once", "webhook_id", "row", unique=True),
        Index("webhook_delivery_by_endpoint", "webhook_id", "id"),
        Index(
            "webhook_delivery_pending",
            "webhook_id",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )
