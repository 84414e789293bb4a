"""What all tables share."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text
from sqlalchemy.orm import DeclarativeBase, Mapped

from daemon.store.sql import UtcDateTime

Id = Mapped[int]


class Base(DeclarativeBase):
    """Base of all tables; maps Python types to column types."""

    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy
        datetime: UtcDateTime,
        list[str]: JSON,
        list[list[Any]]: JSON,
        dict[str, Any]: JSON,
        str: Text,
    }
