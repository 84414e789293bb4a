"""Errors that mean the store cannot be reached now: the same work may succeed later."""

from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from daemon.store.writer import WriterClosedError

UNREACHABLE: Final = (OperationalError, InterfaceError, PoolTimeoutError, WriterClosedError)
