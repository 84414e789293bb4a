"""The settings and the store for a command, and errors that set the exit code."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

from config.settings import ConfigError, Settings, load
from daemon.cli.support import output
from daemon.system import files, logs

if TYPE_CHECKING:
    from daemon.runtime import Runtime
    from daemon.store.store import Store


# The driver of PostgreSQL is an extra.
DRIVER: Final = "psycopg"
NO_DRIVER: Final = f"its driver {DRIVER} is not installed; install triaged with its extra: pip install '.[postgres]'"


class Failure(click.ClickException):
    """A command failed: one line on standard error, and an exit code of sysexits.h.

    `cause` is the number of a system error, 0 for another cause.
    """

    def __init__(self, message: str, cause: int = 0) -> None:
        super().__init__(" ".join(message.split()))
        self.cause = cause

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        click.echo(output.hang("triaged: ", self.message, 9, err=True), file=file, err=file is None)


class BadData(Failure):
    """An argument or a file has wrong content (EX_DATAERR)."""

    exit_code = 65


class NotFound(Failure):
    """A file or a row does not exist (EX_NOINPUT)."""

    exit_code = 66


class Unsupported(Failure):
    """Another program is needed for this (EX_UNAVAILABLE)."""

    exit_code = 69


class NotWritten(Failure):
    """A file cannot be written (EX_CANTCREAT)."""

    exit_code = 73


class Unavailable(Failure):
    """A service cannot be reached now; it may work later (EX_TEMPFAIL)."""

    exit_code = 75


class Misconfigured(Failure):
    """The configuration or the schema is wrong; a retry does not help (EX_CONFIG)."""

    exit_code = 78


class NoDatabase(Misconfigured):
    """The database does not exist yet, or has no tables."""


class WrongSchema(Misconfigured):
    """The database has the schema of another version; the message says what to do."""


def typed_name() -> str:
    """Return how `triaged` can be called from the present directory: its path, unless the shell finds it by name."""
    called = sys.argv[0]
    return called if Path(called).name == "triaged" and shutil.which("triaged") is None else "triaged"


def config_path(ctx: click.Context) -> Path | None:
    """Return the file given with --config."""
    path: Path | None = ctx.find_root().obj
    return path


def settings(ctx: click.Context, *, quiet: bool = False) -> Settings:
    """Load the settings and configure logging; raises Misconfigured.

    `quiet` is for commands that print a result: they log only warnings.
    """
    files.create_privately()
    try:
        found = load(config_path(ctx))
    except ConfigError as error:
        raise Misconfigured(str(error)) from None
    level = found.log.level
    logs.configure("warning" if quiet and level == "info" else level, found.log.format)
    return found


def runtime(settings: Settings, *, migrate: bool, alone: bool, works: bool = True) -> "Runtime":
    """Build the runtime of a process; raises Misconfigured or Unavailable."""
    from daemon.runtime import Runtime

    with starting(settings):
        return Runtime(settings, migrate=migrate, alone=alone, works=works)


@contextmanager
def store(settings: Settings, *, checked: bool = True) -> Iterator["Store"]:
    """Open the store for one command; raises Misconfigured or Unavailable.

    `checked` requires that the database exists and has the schema of this version.
    """
    from daemon.store.maintenance import schema
    from daemon.store.store import Store

    with starting(settings):
        if checked:
            refuse_missing_file(settings.database_url)
        opened = Store(settings.database_url)
    with _explained(settings):
        try:
            if checked:
                schema.check(opened.engine)
            yield opened
        finally:
            opened.close()


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """Turn the errors of a start into a Failure: Misconfigured if somebody must act, else Unavailable."""
    from daemon.system.binding import ListenError
    from daemon.system.lock import LockedError
    from daemon.system.os_errors import reason as text

    try:
        with _explained(settings):
            yield
    except ConfigError as error:
        raise Misconfigured(str(error)) from None
    except LockedError as error:
        raise Unavailable(str(error)) from None
    except ListenError as error:
        raise failure(error.cause, str(error)) from None
    except OSError as error:
        raise failure(error, f"{error.filename}: {text(error)}" if error.filename else text(error)) from None


def failure(cause: OSError, message: str) -> Failure:
    """Return Unavailable for a cause that may pass by itself, else Misconfigured."""
    from daemon.system.os_errors import is_temporary

    return (Unavailable if is_temporary(cause) else Misconfigured)(message, cause.errno or 0)


def where(url: str) -> str:
    """Return the file of a database, or its URL without the password."""
    from sqlalchemy import URL, make_url

    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return parts.database or "memory"
    return URL.create("postgresql", parts.username, None, parts.host, parts.port, parts.database).render_as_string()


def reason(error: BaseException, url: str) -> str:
    """Return the text of a database error, on one line and without the password."""
    from sqlalchemy import make_url

    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    line = text[0] if text else type(error).__name__
    password = make_url(url).password
    return line.replace(password, "***") if isinstance(password, str) and password else line


def refuse_missing_file(url: str) -> None:
    """Raise if the SQLite file does not exist: to open it would create an empty database."""
    from sqlalchemy import make_url

    from daemon.system.directory import probe
    from daemon.system.os_errors import reason as text

    name = make_url(url).database
    if not url.startswith("sqlite") or not name:
        return
    try:
        # Not Path.exists, which says no of a link to itself.
        Path(name).stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise failure(error, f"the database {name} cannot be read: {text(error)}") from None
    else:
        return
    try:
        probe(Path(name).parent)
    except OSError as error:
        raise Misconfigured(f"the database {name} cannot be created: {text(error)}") from None
    raise NoDatabase(f"there is no database {name} yet; create it with `triaged run` or `triaged db upgrade`")


@contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    """Turn database errors into a Failure."""
    from sqlalchemy.exc import (
        ArgumentError,
        DatabaseError,
        DBAPIError,
        InterfaceError,
        NoSuchModuleError,
        OperationalError,
        TimeoutError,  # noqa: A004 - of the pool
    )

    from daemon.store.engine import is_lasting
    from daemon.store.maintenance.schema import EmptyError, SchemaError
    from daemon.store.maintenance.verify.database import is_damage

    url = settings.database_url
    try:
        yield
    except EmptyError as error:
        raise NoDatabase(str(error)) from None
    except SchemaError as error:
        raise WrongSchema(str(error)) from None
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == DRIVER
        cause = NO_DRIVER if missing else error
        raise Misconfigured(f"the setting database.url cannot be used: {cause}") from None
    except (DBAPIError, TimeoutError) as error:
        if isinstance(error, DatabaseError) and is_damage(error):
            raise Misconfigured(
                f"the database {where(url)} is damaged: {reason(error, url)}; "
                "see `triaged db verify`, and restore a backup"
            ) from None
        if isinstance(error, DBAPIError) and is_lasting(error):
            raise Misconfigured(f"the database {where(url)} cannot be used: {reason(error, url)}") from None
        if not isinstance(error, (OperationalError, InterfaceError, TimeoutError)):
            raise
        raise Unavailable(f"the database {where(url)} cannot be reached: {reason(error, url)}") from None
    except (PermissionError, NotADirectoryError, IsADirectoryError) as error:
        raise Misconfigured(f"{error.filename}: {error.strerror}") from None
