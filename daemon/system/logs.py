"""Configure logging: JSON for the journal, text on a terminal; never the values of variables, which may be secret."""

import asyncio
import contextlib
import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal, TextIO, cast

import structlog

# The least level of libraries that log commands, addresses, bodies or payloads below it.
QUIET = {
    "mail.log": "ERROR",
    "imapclient": "WARNING",
    "dramatiq": "ERROR",
    "sqlalchemy": "WARNING",
    "alembic": "WARNING",
}

# The number of keys that a rate-limited log remembers; the oldest is forgotten first.
MAX_KEYS: Final = 1000


class _Unfailing:
    """The current standard error; drops what cannot be written.

    A full disk or a closed pipe must not fail the processing of an email.
    """

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def configure(level: str, form: Literal["auto", "json", "console"]) -> None:
    """Configure logging to standard error; `form` "auto" means text on a terminal and JSON elsewhere."""
    terminal = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not terminal),
    ]
    renderer: structlog.typing.Processor = (
        # The formatter of rich would show local variables, such as bodies and passwords.
        structlog.dev.ConsoleRenderer(repr_native_str=True, exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    structlog.configure(
        processors=[*shared, *([] if terminal else [structlog.processors.format_exc_info]), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Unfailing())),
        # No logger keeps the level of its first use: the last configuration counts for all.
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
    )
    handler = logging.StreamHandler(_Unfailing())
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)


@dataclass(slots=True)
class _Window:
    """The events of one name and key since `began`."""

    began: float
    events: int = 0


class RateLimitedLog:
    """Logs failures that may repeat without bound: at most `burst` events of one name and key in `seconds`.

    The first event after that has the number of those that were left out, as `left_out`. Safe in many threads.
    """

    def __init__(
        self,
        log: structlog.typing.FilteringBoundLogger,
        *,
        burst: int = 5,
        seconds: float = 60.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._log, self._burst, self._seconds, self._now = log, burst, seconds, now
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._lock = threading.Lock()

    def info(self, event: str, *, key: str = "", **fields: object) -> None:
        """Log an event that is no problem of ours."""
        self._write(logging.INFO, event, key, fields)

    def warning(self, event: str, *, key: str = "", **fields: object) -> None:
        """Log a failure that passes."""
        self._write(logging.WARNING, event, key, fields)

    def error(self, event: str, *, key: str = "", **fields: object) -> None:
        """Log a failure that somebody should look at."""
        self._write(logging.ERROR, event, key, fields)

    def is_due(self, event: str, *, key: str = "") -> bool:
        """Count an event that is logged elsewhere; return whether its details are to be logged too."""
        return self._left_out(event, key) is not None

    def _write(self, level: int, event: str, key: str, fields: dict[str, object]) -> None:
        left_out = self._left_out(event, key)
        if left_out is not None:
            self._log.log(level, event, **fields, **({"left_out": left_out} if left_out else {}))

    def _left_out(self, event: str, key: str) -> int | None:
        """Count an event; return None to leave it out, else the number left out before it."""
        now = self._now()
        with self._lock:
            window = self._windows.get((event, key))
            left_out = 0
            if window is None or now - window.began >= self._seconds:
                left_out = max(0, window.events - self._burst) if window else 0
                window = self._windows[event, key] = _Window(now)
                self._windows.move_to_end((event, key))
                if len(self._windows) > MAX_KEYS:
                    self._windows.popitem(last=False)
            window.events += 1
            return left_out if window.events <= self._burst else None


def limit_loop_errors(loop: asyncio.AbstractEventLoop) -> None:
    """Log what an event loop reports at a limited rate: without a free file descriptor that is 512 errors a second."""
    limited = RateLimitedLog(structlog.get_logger(__name__))

    def on_error(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        name, message = type(error).__name__ if error else "", str(context.get("message", ""))[:200]
        limited.warning("event loop error", key=message, message=message, error=name)

    loop.set_exception_handler(on_error)
