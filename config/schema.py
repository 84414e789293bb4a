"""Every setting, typed: the sections of triaged.toml and what makes a value valid."""

from pathlib import Path
from typing import Annotated, Literal, Self

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

NOT_IN_ADDRESS = set('"(),:;<>[\\] \t\r\n\0')
MEGABYTE = 1024 * 1024


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    good = at and local and domain and value.isascii() and not NOT_IN_ADDRESS & set(value) and "@" not in local
    if not good or domain.startswith(".") or domain.endswith(".") or ".." in domain:
        raise ValueError(f"{value!r} is not a mail address; write it like support@example.com")
    return f"{local}@{domain.lower()}"


def _pattern(value: str) -> str:
    try:
        regex.compile(value)
    except regex.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


def _endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the largest TCP port
        raise ValueError(f"{value!r} is not HOST:PORT; write it like 127.0.0.1:2525")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Name = Annotated[str, StringConstraints(pattern=r"^[\w .+-]{1,64}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[\w .&/+-]{1,64}$")]
Title = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
PriorityName = Literal["Urgent", "High", "Medium", "Low"]
Mode = Literal["suggest", "auto", "always"]


class Section(BaseModel):
    """A section refuses keys it does not know: a typing error never passes for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(Section):
    """Where state lives and who hears of trouble."""

    state_dir: Path = Path("var")
    admin: MailAddress | None = None
    templates: Path | None = None


class Support(Section):
    """The face to the customer."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f<>@]{1,64}$")] = "Support"
    addresses: Annotated[tuple[MailAddress, ...], Field(min_length=1)] = ("support@example.com",)
    domain: str = ""
    plus_addressing: bool = True
    reference_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,6}$")] = "HD"
    trusted_authserv_ids: tuple[str, ...] = ()
    accepted_lists: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return the address that our mail comes from."""
        return self.addresses[0]

    @property
    def message_id_domain(self) -> str:
        """Return the right-hand side of our Message-IDs."""
        return self.domain or self.address.rpartition("@")[2]


class Database(Section):
    """The store: SQLite in the state directory, or PostgreSQL."""

    url: SecretStr = SecretStr("")


class Broker(Section):
    """The engine's wake-up channel: in-process where the URL is empty, else Redis."""

    url: SecretStr = SecretStr("")
    threads: Annotated[int, Field(ge=1, le=64)] = 2


class Smtp(Section):
    """The listener."""

    enabled: bool = True
    listen: Endpoint = "127.0.0.1:2525"
    protocol: Literal["smtp", "lmtp"] = "smtp"
    hostname: str = ""
    certificate: Path | None = None
    key: Path | None = None
    require_tls: bool = False
    users: dict[str, SecretStr] = {}

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together; set both or neither")
        if (self.users or self.require_tls) and self.certificate is None:
            raise ValueError("users and require_tls need TLS; set certificate and key")
        return self


class OAuth2(Section):
    """How a mailbox gets its access token (RFC 6749): client credentials, or a refresh token where one is given."""

    token_url: Annotated[str, StringConstraints(pattern=r"^https://|^http://(127\.0\.0\.1|localhost)[:/]")]
    client_id: str
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    scope: str = ""


class Imap(Section):
    """A mailbox to poll."""

    name: Name
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str
    password: SecretStr = SecretStr("")
    oauth2: OAuth2 | None = None
    folders: Annotated[tuple[str, ...], Field(min_length=1)] = ("INBOX",)
    after: Literal["mark_seen", "move", "nothing"] = "mark_seen"
    move_to: str = "Done"
    idle: bool = True
    poll_seconds: Annotated[float, Field(gt=0)] = 60

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if bool(self.password.get_secret_value()) == (self.oauth2 is not None):
            raise ValueError(f"mailbox {self.name!r} needs either password or oauth2")
        return self


class Outgoing(Section):
    """The way out."""

    transport: Literal["maildir", "smtp"] = "maildir"
    maildir: Path = Path("var/outgoing")
    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60


class Team(Section):
    """Who gets the tickets: mail goes to `email`; `members` may answer from their own addresses."""

    name: Label
    email: MailAddress
    members: tuple[MailAddress, ...] = ()


class Category(Section):
    """A subject matter, its team, and the priority where nothing says otherwise."""

    name: Label
    team: Label
    priority: PriorityName = "Medium"
    mode: Mode | None = None
    threshold: Share | None = None


class Rule(Section):
    """A certain sign: the first rule that matches decides with confidence 1.0.

    A rule without category only raises the priority.
    """

    name: Title
    category: Label | None = None
    priority: PriorityName | None = None
    phrases: tuple[Annotated[str, StringConstraints(min_length=2, max_length=200)], ...] = ()
    patterns: tuple[Pattern, ...] = ()
    where: Literal["any", "subject", "body"] = "any"
    precision: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.phrases and not self.patterns:
            raise ValueError(f"rule {self.name!r} needs phrases or patterns")
        if self.category is None and self.priority is None:
            raise ValueError(f"rule {self.name!r} decides nothing; give it a category or a priority")
        return self


class TriageSection(Section):
    """How decisions are made."""

    mode: Mode = "always"
    threshold: Share = 0.6
    review_team: Label = "MANUAL_REVIEW"
    fallback_team: Label = "GENERAL_SUPPORT"
    promised_accuracy: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    audit_share: Share = 0.05
    retrain_after: Annotated[int, Field(ge=0)] = 25
    examples: Path | None = None


class Limits(Section):
    """What nobody may exceed."""

    message_bytes: Annotated[int, Field(ge=64 * 1024)] = 25 * MEGABYTE
    recipients: Count = 100
    connections: Count = 1000
    connections_per_address: Count = 20
    session_seconds: Annotated[float, Field(gt=0)] = 1800
    idle_seconds: Annotated[float, Field(gt=0)] = 60
    free_bytes: Annotated[int, Field(ge=0)] = 512 * MEGABYTE
    notification_attachment_bytes: Annotated[int, Field(ge=0)] = 10 * MEGABYTE
    acknowledgements_per_stranger_day: Annotated[int, Field(ge=0)] = 1
    acknowledgements_per_address_hour: Annotated[int, Field(ge=0)] = 3
    acknowledgements_per_address_day: Annotated[int, Field(ge=0)] = 10
    acknowledgements_per_domain_hour: Annotated[int, Field(ge=0)] = 60
    acknowledgements_per_hour: Annotated[int, Field(ge=0)] = 600
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    delivery_days: Annotated[float, Field(gt=0)] = 5


class Health(Section):
    """When the admin is told."""

    job_minutes: Annotated[float, Field(gt=0)] = 5
    mailbox_minutes: Annotated[float, Field(gt=0)] = 15
    no_mail_hours: Annotated[float, Field(ge=0)] = 0


class Log(Section):
    """What is said on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
