"""Configure logging: JSON for the journal, text on a terminal; never the values of variables, which may be secret."""

import contextlib
import logging
import sys
from typing import Literal, TextIO, cast

import structlog

# The least level of libraries that log commands, addresses, bodies or payloads below it.
QUIET = {
    "mail.log": "ERROR",
    "imapclient": "WARNING",
    "dramatiq": "ERROR",
    "sqlalchemy": "WARNING",
    "alembic": "WARNING",
}


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
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
    )
    handler = logging.StreamHandler(_Unfailing())
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
