"""The installation: its signing keys and its problems."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class SigningKey(Base):
    """A secret that signs our tokens: the newest that settled signs, the newest `keys.KEPT` verify."""

    __tablename__ = "signing_key"
    id: Id = mapped_column(primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Alarm(Base):
    """A problem that lasts. `told_at` is when the admin was alerted, NULL if that is still to be done.

    `since` is when it began; of a problem that only one process sees, when it was seen last.
    The row "daily report" is none: its `text` is the day that was reported last.
    """

    __tablename__ = "alarm"
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    text: Mapped[str]
    since: Mapped[datetime]
    told_at: Mapped[datetime | None]
