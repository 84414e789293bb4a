"""The service itself: state, database, broker, health and log."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from config.schema.section import Section
from config.values import DatabaseUrl, FilePath, MailAddress, RedisUrl


class Service(Section):
    """Where triaged keeps its state, and who is notified of problems."""

    state_dir: FilePath = Path("var")
    """Directory of the SQLite database, the models and the lock; only triaged may read it."""
    admin: Annotated[MailAddress | None, Field(examples=["admin@example.com"])] = None
    """Address that is notified of problems; not set: nobody."""
    templates: Annotated[FilePath | None, Field(examples=["/etc/triaged/templates"])] = None
    """Directory of your own *.j2 templates, which replace those of templates/mail with the same file name."""


class Database(Section):
    """The database: SQLite in the state directory, or PostgreSQL."""

    url: Annotated[DatabaseUrl, Field(examples=["postgresql://user:password@host/name"])] = SecretStr("")
    """URL of a PostgreSQL database; empty: SQLite in service.state_dir."""


class Broker(Section):
    """How workers are woken: inside the process, or over Redis."""

    url: Annotated[RedisUrl, Field(examples=["redis://host:6379/0"])] = SecretStr("")
    """URL of a Redis database; empty: jobs are passed on inside the process."""
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Number of threads of each worker process; raise it where your mail server is slow.

    With one, new emails wait for a mail server that does not answer.
    """


class Health(Section):
    """When the admin is notified."""

    job_minutes: Annotated[float, Field(gt=0, le=525_600)] = 5
    """A job has been due for longer than this."""
    mailbox_minutes: Annotated[float, Field(gt=0, le=525_600)] = 15
    """A mailbox has not been read for longer than this."""
    no_mail_hours: Annotated[float, Field(ge=0, le=8760)] = 0
    """No email at all has come for longer than this; 0: never."""
    daily_report: bool = True
    """Whether service.admin gets one short email a day with the counts of the day before (UTC)."""
    suppressed_acknowledgements: Annotated[int, Field(ge=0)] = 50
    """More acknowledgements than this were suppressed by limits within an hour."""
    refused_logins: Annotated[int, Field(ge=0)] = 100
    """Number of SMTP logins that were refused within an hour; 0: never."""


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level of events that are written."""
    format: Literal["auto", "json", "console"] = "auto"
    """auto: readable on a terminal, else one JSON object a line."""
