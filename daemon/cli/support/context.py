"""What every command needs: the settings in force, the store, and failures that end with their sysexits code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from config.settings import ConfigError, Settings, load
from daemon.system import logs

if TYPE_CHECKING:
    from daemon.runtime import Runtime
    from daemon.store.store import Store


class Failure(click.ClickException):
    """A command cannot do what was asked: one line on standard error, and an exit code of sysexits.h."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))

    def show(self, file: IO[Any] | None = None) -> None:
        """Say what is wrong."""
        click.echo(f"triaged: {self.message}", file=file, err=file is None)


class BadData(Failure):
    """What was given cannot be used (EX_DATAERR)."""

    exit_code = 65


class NotFound(Failure):
    """What was named is not there (EX_NOINPUT)."""

    exit_code = 66


class Unsupported(Failure):
    """Somebody else can do it, we cannot (EX_UNAVAILABLE)."""

    exit_code = 69


class NotWritten(Failure):
    """A file cannot be written (EX_CANTCREAT)."""

    exit_code = 73


class Unavailable(Failure):
    """Something that we need cannot be reached now; it may work later (EX_TEMPFAIL)."""

    exit_code = 75


class Misconfigured(Failure):
    """The configuration is wrong, or the schema does not fit: somebody must act, trying again is no use (EX_CONFIG)."""

    exit_code = 78


def config_path(ctx: click.Context) -> Path | None:
    """Return the file that --config names."""
    path: Path | None = ctx.find_root().obj
    return path


def settings(ctx: click.Context, *, quiet: bool = False) -> Settings:
    """Return the settings in force, and set logging up by them; raises Misconfigured.

    `quiet` is for commands that answer on the terminal: only warnings are logged.
    """
    try:
        found = load(config_path(ctx))
    except ConfigError as error:
        raise Misconfigured(str(error)) from None
    level = found.log.level
    logs.configure("warning" if quiet and level == "info" else level, found.log.format)
    return found


def runtime(settings: Settings, *, migrate: bool, alone: bool, works: bool = True) -> "Runtime":
    """Build what a running process needs; raises Misconfigured or Unavailable."""
    from daemon.runtime import Runtime
    from daemon.system.lock import LockedError

    with _explained(settings):
        try:
            return Runtime(settings, migrate=migrate, alone=alone, works=works)
        except LockedError as error:
            raise Unavailable(str(error)) from None


@contextmanager
def store(settings: Settings, *, checked: bool = True) -> Iterator["Store"]:
    """Open the store for one command; raises Misconfigured or Unavailable. `checked` asks for this version's schema."""
    from daemon.store.maintenance import schema
    from daemon.store.store import Store

    with _explained(settings):
        if checked:
            _refuse_missing_file(settings.database_url)
        opened = Store(settings.database_url)
        try:
            if checked:
                schema.check(opened.engine)
            yield opened
        finally:
            opened.close()


def where(url: str) -> str:
    """Name a database for people: the file, or host and name; never the password."""
    from sqlalchemy import URL, make_url

    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return parts.database or "memory"
    return URL.create("postgresql", parts.username, None, parts.host, parts.port, parts.database).render_as_string()


def reason(error: BaseException, url: str) -> str:
    """Return why a database cannot be used, on one line, without its password."""
    from sqlalchemy import make_url

    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    line = text[0] if text else type(error).__name__
    password = make_url(url).password
    return line.replace(password, "***") if isinstance(password, str) and password else line


def _refuse_missing_file(url: str) -> None:
    """Leave no empty database behind only because somebody looked."""
    from sqlalchemy import make_url

    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and parts.database and not Path(parts.database).exists():
        raise Misconfigured(
            f"there is no database {parts.database} yet: `triaged run` or `triaged db upgrade` makes it"
        )


@contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    """Turn what a database raises into a line and an exit code."""
    from sqlalchemy.exc import (
        ArgumentError,
        InterfaceError,
        NoSuchModuleError,
        OperationalError,
        TimeoutError,  # noqa: A004 - of the pool
    )

    from daemon.store.maintenance.schema import SchemaError

    url = settings.database_url
    try:
        yield
    except SchemaError as error:
        raise Misconfigured(str(error)) from None
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise Misconfigured(f"database.url cannot be used: {error}") from None
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise Unavailable(f"the database {where(url)} cannot be reached: {reason(error, url)}") from None
    except PermissionError as error:
        raise Misconfigured(f"{error.filename}: {error.strerror}") from None
