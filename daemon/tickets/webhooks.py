"""Create, rotate, enable, replay and remove webhooks. Each is recorded with its actor."""

import base64
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from daemon.store import events, webhook_deliveries, webhooks
from daemon.store.models import WebhookRow
from daemon.store.queries import feed
from daemon.store.queries.feed_rows import FeedType
from daemon.store.webhooks import WebhookState
from daemon.system.networks import is_allowed, is_within, literal

SECRET_BYTES: Final = 32
# For how long the old secret signs too, so that an endpoint can change without losing an event.
ROTATION: Final = timedelta(hours=24)
LONGEST_NAME: Final = 64
# Names are parts of paths of the API.
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LONGEST_URL: Final = 2000


class NameTakenError(ValueError):
    """There is or was a webhook of the name."""


def create(
    session: Session,
    name: str,
    url: str,
    types: Sequence[FeedType],
    actor: str,
    now: datetime,
    networks: Sequence[str] = (),
) -> str:
    """Add an endpoint that gets events from now on, and return its secret, which is shown once.

    `networks` are those that may be reached besides public addresses. Raises ValueError.
    """
    if re.fullmatch(NAME, name) is None:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} letters, digits, dots, dashes and underscores")
    _check_reach(check_url(url), networks)
    if session.execute(select(WebhookRow.id).where(WebhookRow.name == name)).scalar() is not None:
        raise NameTakenError(f"there is or was a webhook named {name}; names are not used again")
    secret = new_secret()
    wanted = [str(one) for one in types]
    row = {
        "name": name,
        "url": url,
        "events": wanted,
        "secret": secret,
        "cursor": str(feed.head(session)),
        "created_at": now,
        "created_by": actor,
    }
    session.execute(insert(WebhookRow).values(row))
    events.add(session, "webhook created", now, actor=actor, webhook=name, url=url, events=wanted)
    return secret


def rotate(session: Session, name: str, actor: str, now: datetime) -> str:
    """Give an endpoint a new secret and return it; the old one signs too for a day. Raises LookupError."""
    row = webhooks.find(session, name)
    row.old_secret, row.old_until, row.secret = row.secret, now + ROTATION, new_secret()
    events.add(session, "webhook secret rotated", now, actor=actor, webhook=name)
    return row.secret


def enable(session: Session, name: str, actor: str, now: datetime) -> None:
    """Let a disabled endpoint get events again, also those since it was disabled; raises LookupError."""
    row = webhooks.find(session, name)
    row.disabled_at = row.failing_since = row.paused_until = None
    events.add(session, "webhook enabled", now, actor=actor, webhook=name)


def replay(session: Session, delivery_id: int, actor: str, now: datetime) -> bool:
    """Send an event once more, under the same id; return False if it is pending already or its endpoint is off.

    Raises LookupError where there is no such delivery.
    """
    row = webhook_deliveries.lock(session, delivery_id)
    to = session.get_one(WebhookRow, row.webhook_id)
    if row.state == WebhookState.PENDING or to.disabled_at is not None or to.removed_at is not None:
        return False
    webhook_deliveries.send_again(session, row, now)
    events.add(session, "webhook replayed", now, actor=actor, webhook_delivery=delivery_id)
    return True


def remove(session: Session, name: str, actor: str, now: datetime) -> None:
    """Remove an endpoint; its rows stay, without its secrets. Raises LookupError."""
    row = webhooks.find(session, name)
    row.removed_at, row.secret, row.old_secret = now, "", None
    events.add(session, "webhook removed", now, actor=actor, webhook=name)


def check_url(url: str) -> str:
    """Return a URL that a webhook can go to; raises ValueError for any other."""
    parts = urlsplit(url)
    # Also raises for a port that is no number.
    right = parts.scheme in {"https", "http"} and parts.hostname and parts.port != 0 and len(url) <= LONGEST_URL
    bare = url.isascii() and url.isprintable() and " " not in url and not parts.fragment
    if not right or not bare or parts.username is not None or parts.password is not None:
        raise ValueError("a webhook goes to a URL such as https://shop.example/hooks, without name and password")
    return url


def _check_reach(url: str, networks: Sequence[str]) -> None:
    """Raise ValueError for a URL that no event could be posted to; a name is looked up when something is posted."""
    parts = urlsplit(url)
    address = literal(parts.hostname or "")
    if address is not None and not is_allowed(address, networks):
        raise ValueError(f"{parts.hostname} is not a public address; see webhooks.allowed_networks")
    may_be_plain = is_within(address, networks) if address is not None else bool(networks)
    if parts.scheme != "https" and not may_be_plain:
        raise ValueError("a webhook goes to an https:// URL; http:// is only for networks in webhooks.allowed_networks")


def new_secret() -> str:
    """Return a secret in the form of the specification."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
