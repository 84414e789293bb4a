"""Read the settings once: defaults, triaged.toml, systemd credentials, environment; a later source wins."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from config import defaults, references
from config.schema import (
    Authentication,
    Broker,
    Category,
    Conversation,
    Database,
    Health,
    Http,
    Imap,
    Limits,
    Log,
    Outgoing,
    Rule,
    Service,
    Smtp,
    Support,
    SupportAddress,
    Team,
    TriageSection,
    Webhooks,
)

PREFIX = "TRIAGED_"


class ConfigError(Exception):
    """The configuration is wrong: the message names file, key, what is wrong and what would be right."""


class Settings(BaseSettings):
    """All settings of one process, frozen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    service: Service = Service()
    support: Support = Support()
    database: Database = Database()
    broker: Broker = Broker()
    smtp: Smtp = Smtp()
    imap: tuple[Imap, ...] = ()
    http: Http = Http()
    webhooks: Webhooks = Webhooks()
    outgoing: Outgoing = Outgoing()
    teams: Annotated[tuple[Team, ...], Field(min_length=1)] = defaults.TEAMS
    categories: Annotated[tuple[Category, ...], Field(min_length=1)] = defaults.CATEGORIES
    rules: tuple[Rule, ...] = ()
    triage: TriageSection = TriageSection()
    authentication: Authentication = Authentication()
    conversation: Conversation = Conversation()
    limits: Limits = Limits()
    health: Health = Health()
    log: Log = Log()

    @property
    def folders(self) -> dict[str, tuple[str, ...]]:
        """Return the folders that are read, by the name of their mailbox."""
        return {mailbox.name: mailbox.folders for mailbox in self.imap}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        teams = {team.name for team in self.teams}
        categories = {category.name for category in self.categories}
        if len(teams) < len(self.teams) or len(categories) < len(self.categories):
            raise ValueError("teams and categories must have different names; one is used twice")
        wanted = [(f"categories.{c.name}.team", c.team) for c in self.categories]
        wanted += [("triage.review_team", self.triage.review_team), ("triage.fallback_team", self.triage.fallback_team)]
        for key, team in wanted:
            if team not in teams:
                raise ValueError(f"{key}: no team is named {team!r}; known are {', '.join(sorted(teams))}")
        for rule in self.rules:
            if rule.category is not None and rule.category not in categories:
                known = ", ".join(sorted(categories))
                raise ValueError(f"rules.{rule.name}.category: no category {rule.category!r}; known are {known}")
        return self

    @model_validator(mode="after")
    def _mailboxes_have_names_of_their_own(self) -> Self:
        names = [mailbox.name for mailbox in self.imap]
        if len(set(names)) < len(names):
            raise ValueError(
                "imap: mailboxes must have different names (one is used twice): each has a cursor of its own"
            )
        return self

    @model_validator(mode="after")
    def _addresses_are_consistent(self) -> Self:
        references.check_addresses(self.support, self.teams, self.categories, self.outgoing, self.imap)
        return self

    @model_validator(mode="after")
    def _nobody_writes_to_ourselves(self) -> Self:
        ours = self.support.own
        if (self.service.admin or "").lower() in ours:
            raise ValueError(f"service.admin: {self.service.admin} is a support address; mail to it would loop")
        if (self.triage.lead or "").lower() in ours:
            raise ValueError(f"triage.lead: {self.triage.lead} is a support address; mail to it would loop")
        for team in self.teams:
            for address in (team.email, *team.members):
                if address.lower() in ours:
                    raise ValueError(f"teams.{team.name}: {address} is a support address; mail to it would loop")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Give the environment precedence over credentials and the file, which are passed as arguments."""
        del settings_cls
        return env_settings, init_settings

    @property
    def database_url(self) -> str:
        """Return the SQLAlchemy URL in force."""
        return self.database.url.get_secret_value() or f"sqlite:///{self.service.state_dir / 'triaged.db'}"

    @property
    def maildir(self) -> Path:
        """Return the Maildir in force, for outgoing emails that are not sent."""
        return self.outgoing.maildir or self.service.state_dir / "outgoing"


def load(path: Path | None = None) -> Settings:
    """Return the settings in force.

    `path` is a TOML file; without one `TRIAGED_CONFIG` names it, else ./triaged.toml is read where it exists.
    Raises ConfigError with one line that names file, key, what is wrong and what would be right.
    """
    path = path or _configured_path()
    _refuse_unknown_environment()
    data = _read(path) if path else {}
    _merge(data, _credentials())
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise ConfigError(_explain(error, path)) from None
    except SettingsError as error:
        raise ConfigError(f"environment: {_variable(error)}: not JSON, which a list or a table is written in") from None
    except RecursionError:
        raise ConfigError("environment: a list or table is nested too deeply") from None
    if not settings.rules and "rules" not in data:
        settings = settings.model_copy(update={"rules": defaults.rules({c.name for c in settings.categories})})
    return settings


def _configured_path() -> Path | None:
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        return Path(named)
    here = Path("triaged.toml")
    try:
        return here if here.exists() else None
    except OSError as error:
        raise ConfigError(f"{here.absolute()}: cannot be read: {error.strerror}; name a file with --config") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not TOML: nested too deeply") from None
    if _holds_secret(data) and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: holds a secret and others can read it; chmod 600 {path}, or use a credential")
    return data


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        return any((k in SECRET_KEYS and bool(v)) or _holds_secret(v) for k, v in value.items())
    if isinstance(value, str):
        return URL_WITH_PASSWORD.match(value) is not None
    return isinstance(value, list) and any(_holds_secret(item) for item in value)


SECRET_KEYS = frozenset({"password", "client_secret", "refresh_token", "users"})
URL_WITH_PASSWORD = re.compile(r"[a-z0-9+.-]{1,40}://([^/@:]*:[^/@]+@|[^?]*\?(.*&)?(ssl)?password=.)")


def _credentials() -> dict[str, Any]:
    """Read systemd credentials: a file named like `outgoing.password` or `imap.work.password`."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return {}
    data: dict[str, Any] = {}
    try:
        paths = sorted(Path(directory).iterdir())
    except OSError as error:
        raise ConfigError(f"{directory}: credentials cannot be read: {error.strerror}") from None
    for path in paths:
        # systemd puts the id of the credential directory before the names of its files.
        keys = _keys(path.name.removeprefix("triaged_"))
        if len(keys) < 2 or keys[0] not in Settings.model_fields:  # noqa: PLR2004 - SECTION.KEY
            continue
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(f"{path}: the credential cannot be read: {why}") from None
        node = data
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise ConfigError(f"{path}: contradicts the credential {key!r}; keep one of them")
        node[keys[-1]] = value
    return data


def _keys(credential: str) -> list[str]:
    """Return the keys that a credential names; names of users, mailboxes and mail servers may have dots."""
    if credential.startswith("smtp.users."):
        return credential.split(".", 2)
    if named := NAMED_CREDENTIAL.fullmatch(credential):
        array, name, key = named.groups()
        return [*array.split("."), name, *key.split(".")]
    return credential.split(".")


NAMED_CREDENTIAL = re.compile(r"(imap|outgoing\.servers)\.(.+?)\.((?:oauth2\.)?[^.]+)")

# Arrays of tables whose secrets are named by the name of a table.
NAMED_ARRAYS = frozenset({"imap", "servers"})


def _merge(data: dict[str, Any], more: dict[str, Any]) -> None:
    """Merge `more` into `data`, where `more` wins; a table of an array is found by its name."""
    for key, value in more.items():
        there = data.get(key, [] if key in NAMED_ARRAYS else {})
        if isinstance(there, list) and isinstance(value, dict):
            named = {str(item.get("name")): item for item in there if isinstance(item, dict)}
            for name, part in value.items():
                if name not in named:
                    raise ConfigError(f"credential {key}.{name}: nothing in [[{key}]] is named {name!r}")
                _merge(named[name], part)
        elif isinstance(there, dict) and isinstance(value, dict):
            data[key] = there
            _merge(there, value)
        else:
            data[key] = value


def _refuse_unknown_environment() -> None:
    for name in os.environ:
        if not name.startswith(PREFIX) or name == f"{PREFIX}CONFIG" or name.startswith(f"{PREFIX}TEST_"):
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        field = Settings.model_fields.get(section)
        known = getattr(field.annotation, "model_fields", None) if field else None
        if field is None or (known is not None and key and key.partition("__")[0] not in known):
            raise ConfigError(f"environment: {name}: no such setting; settings are written {PREFIX}SECTION__KEY")


def _variable(error: SettingsError) -> str:
    """Return the variables that may hold invalid JSON; the library names their section between quotes."""
    section = PREFIX + str(error).partition('"')[2].partition('"')[0].upper()
    return " or ".join(name for name in os.environ if name.upper().startswith(section))


def _explain(error: ValidationError, path: Path | None) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        what = "no such setting"
    if first["type"] == "missing":
        what = "this setting is required"
    source = str(path) if path else "environment or defaults"
    more = len(error.errors()) - 1
    tail = f" (and {more} more)" if more else ""
    return f"{source}: {where}: {what}{tail}" if where else f"{source}: {what}{tail}"


def masked(value: object) -> object:
    """Return settings as plain values, with every secret as "***"."""
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, SupportAddress) and value.is_plain:
        return value.address
    if isinstance(value, BaseModel):
        return {name: masked(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [masked(item) for item in value]
    return str(value) if isinstance(value, Path) else value
