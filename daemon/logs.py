"""Logs: one event per state change, JSON for the journal, readable on a terminal, never a body or a secret."""

import logging
import sys
from typing import Literal

import structlog

# Libraries that would log commands, addresses, bodies or payloads.
QUIET = {
    "mail.log": "ERROR",
    "imapclient": "WARNING",
    "dramatiq": "ERROR",
    "sqlalchemy": "WARNING",
    "alembic": "WARNING",
}


def configure(level: str, form: Literal["auto", "json", "console"]) -> None:
    """Set logging up for this process, on standard error."""
    terminal = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not terminal),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    structlog.configure(
        processors=[*shared, *([] if terminal else [structlog.processors.format_exc_info]), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
