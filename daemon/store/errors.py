"""Errors of the store that say nothing of the work at hand: try the same again later."""

from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from daemon.store.writer import WriterClosedError

UNREACHABLE: Final = (OperationalError, InterfaceError, PoolTimeoutError, WriterClosedError)
