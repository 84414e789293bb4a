"""Every setting, typed and explained: the sections of triaged.toml.

The docstrings of sections and settings are what docs/CONFIGURATION.md and config/triaged.toml say of them; after a
change run `make docs`.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from config.values import (
    AddressOrDomain,
    Count,
    DatabaseUrl,
    Endpoint,
    FilePath,
    Host,
    Label,
    MailAddress,
    Mode,
    Name,
    Network,
    OptionalHost,
    Pattern,
    Port,
    PriorityName,
    RedisUrl,
    Seconds,
    Share,
    Title,
)

MEGABYTE = 1024 * 1024


class Section(BaseModel):
    """A section refuses keys it does not know: a typing error never passes for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Service(Section):
    """Where triaged keeps its state, and who is notified of problems."""

    state_dir: FilePath = Path("var")
    """Directory of the SQLite database, the models and the lock; only triaged may read it."""
    admin: Annotated[MailAddress | None, Field(examples=["admin@example.com"])] = None
    """Address that is notified of problems; not set: nobody."""
    templates: Annotated[FilePath | None, Field(examples=["/etc/triaged/templates"])] = None
    """Directory of your own *.j2 templates, which replace the shipped ones of the same name."""


class Support(Section):
    """What customers see of you."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f<>@]{1,64}$")] = "Support"
    """Name that customers see as the sender."""
    addresses: Annotated[tuple[MailAddress, ...], Field(min_length=1)] = ("support@example.com",)
    """Addresses that customers write to; triaged sends from the first one."""
    domain: OptionalHost = ""
    """Right-hand side of the Message-IDs of triaged; empty: the domain of the first address."""
    plus_addressing: bool = True
    """Whether your mail server delivers support+anything@ to support@; false: tokens are not put into addresses."""
    reference_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,6}$")] = "HD"
    """Letters that ticket references begin with, as in HD-7K3Q-M9XW."""
    trusted_authserv_ids: Annotated[tuple[str, ...], Field(examples=[["mx.example.com"]])] = ()
    """Names (authserv-id) of your border mail servers; their results are believed, see smtp.trusted_networks."""
    accepted_lists: Annotated[tuple[str, ...], Field(examples=[["support.groups.example.com"]])] = ()
    """List-Ids of your own groups; email that comes through them counts as written by people."""
    accepted_machines: Annotated[
        tuple[AddressOrDomain, ...], Field(examples=[["alerts@monitor.example", "@shop.example"]])
    ] = ()
    """Machines whose email opens tickets, which are triaged and never acknowledged; `@domain`: any address of exactly
    that domain."""

    @property
    def address(self) -> str:
        """Return the address that our mail comes from."""
        return self.addresses[0]

    @property
    def message_id_domain(self) -> str:
        """Return the right-hand side of our Message-IDs."""
        return self.domain or self.address.rpartition("@")[2]


class Database(Section):
    """The database: SQLite in the state directory, or PostgreSQL."""

    url: Annotated[DatabaseUrl, Field(examples=["postgresql://user:password@host/name"])] = SecretStr("")
    """URL of a PostgreSQL database; empty: SQLite in service.state_dir."""


class Broker(Section):
    """How workers are woken: inside the process, or over Redis."""

    url: Annotated[RedisUrl, Field(examples=["redis://host:6379/0"])] = SecretStr("")
    """URL of a Redis database; empty: jobs are passed on inside the process."""
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Number of threads of each worker process; raise it where your mail server is slow."""


class Smtp(Section):
    """Email in by SMTP or LMTP."""

    enabled: bool = True
    """Whether triaged listens; false: email comes from mailboxes only."""
    listen: Endpoint = "127.0.0.1:2525"
    """Address and port to listen on; a socket from systemd takes precedence."""
    protocol: Literal["smtp", "lmtp"] = "smtp"
    """Protocol to speak; use lmtp behind Postfix."""
    hostname: OptionalHost = ""
    """Host name in the greeting, also used when sending; empty: the name of this host."""
    certificate: Annotated[FilePath | None, Field(examples=["/etc/triaged/tls/fullchain.pem"])] = None
    """Certificate chain in PEM; with it triaged offers STARTTLS."""
    key: Annotated[FilePath | None, Field(examples=["/etc/triaged/tls/privkey.pem"])] = None
    """Private key of the certificate, in PEM; set both or neither."""
    require_tls: bool = False
    """Whether email without STARTTLS is refused; needs a certificate."""
    users: Annotated[dict[str, SecretStr], Field(examples=[{"relay": "password"}])] = {}
    """User names and passwords; where there are any, clients must log in, over TLS only."""

    trusted_networks: Annotated[tuple[Network, ...], Field(examples=[["192.0.2.0/24", "2001:db8::/32"]])] = ()
    """Networks of your border mail servers: Authentication-Results from other clients are not believed."""

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together; set both or neither")
        if not all(self.users) or not all(secret.get_secret_value() for secret in self.users.values()):
            raise ValueError("users need a name and a password, neither of them empty")
        if (self.users or self.require_tls) and self.certificate is None:
            raise ValueError("users and require_tls need TLS; set certificate and key")
        return self


class OAuth2(Section):
    """Access to a mailbox by OAuth 2 (RFC 6749): with a refresh token where one is set, else client credentials."""

    token_url: Annotated[
        str,
        StringConstraints(pattern=r"^https://[^/?#@]+(?:[/?#]|$)|^http://(127\.0\.0\.1|localhost)[:/][^@]*$"),
        Field(examples=["https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"]),
    ]
    """Token endpoint of the provider; https, except on this host."""
    client_id: Annotated[str, Field(examples=["00000000-0000-0000-0000-000000000000"])]
    """Identifier of the application that you registered at the provider."""
    client_secret: SecretStr = SecretStr("")
    """Secret of the application."""
    refresh_token: SecretStr = SecretStr("")
    """Refresh token, where the provider needs the consent of a person (Gmail); empty: client credentials."""
    scope: Annotated[str, Field(examples=["https://outlook.office365.com/.default"])] = ""
    """Scope to request; empty: none."""


class Imap(Section):
    """A mailbox to poll; there may be any number.

    It is read from the first start on; `triaged imap backfill` takes in older email.
    """

    name: Annotated[Name, Field(examples=["work"])]
    """Name of the mailbox in logs and in the names of its credentials, such as imap.work.password."""
    host: Annotated[Host, Field(examples=["imap.example.com"])]
    """Host name of the IMAP server."""
    port: Port = 993
    """Port of the IMAP server."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """How the connection is encrypted; the certificate of the server is always verified."""
    username: Annotated[str, Field(examples=["support@example.com"])]
    """User name to log in with."""
    password: SecretStr = SecretStr("")
    """Password to log in with; set either password or oauth2."""
    oauth2: OAuth2 | None = None
    """Access by OAuth 2 (XOAUTH2) instead of a password."""
    folders: Annotated[tuple[str, ...], Field(min_length=1)] = ("INBOX",)
    """Folders to read."""
    after: Literal["mark_seen", "move", "nothing"] = "mark_seen"
    """What happens to an email in the mailbox once it is stored."""
    move_to: str = "Done"
    """Folder that stored emails are moved to when `after` is "move"."""
    idle: bool = True
    """Whether the server may announce new email at once (IMAP IDLE), where it can."""
    poll_seconds: Seconds = 60
    """Time between two looks where the server does not announce new email."""

    border: Annotated[str, Field(examples=["mx.google.com"])] = ""
    """Name (authserv-id) of the server that receives all email of this mailbox; empty: no results are believed."""

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if bool(self.password.get_secret_value()) == (self.oauth2 is not None):
            raise ValueError(f"mailbox {self.name!r} needs either password or oauth2")
        if self.after == "move" and self.move_to in self.folders:
            raise ValueError(f"mailbox {self.name!r} reads the folder {self.move_to!r}, so move_to must be another one")
        return self


class Outgoing(Section):
    """Email out: through your mail server, or into files for a first look."""

    transport: Literal["maildir", "smtp"] = "maildir"
    """maildir: write emails to files and send nothing; smtp: send through your mail server."""
    maildir: Annotated[FilePath | None, Field(examples=["/var/lib/triaged/outgoing"])] = None
    """Maildir that emails are written to when `transport` is "maildir"; not set: outgoing in service.state_dir."""
    host: Host = "localhost"
    """Host name of your mail server."""
    port: Port = 587
    """Port of your mail server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; the certificate of the server is always verified."""
    username: str = ""
    """User name to log in with; empty: no login."""
    password: SecretStr = SecretStr("")
    """Password to log in with."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60
    """Longest wait for an answer of your mail server."""


class Team(Section):
    """A team that gets tickets."""

    name: Annotated[Label, Field(examples=["PAYMENTS_TEAM"])]
    """Name of the team, as categories refer to it."""
    email: Annotated[MailAddress, Field(examples=["payments-team@example.com"])]
    """Address that notifications go to."""
    members: tuple[MailAddress, ...] = ()
    """Addresses of members, who may join a ticket with a token of the team; the team is notified of what they write."""


class Category(Section):
    """A subject of tickets.

    A ticket gets the last category where neither a rule nor the model names one.
    """

    name: Annotated[Label, Field(examples=["Payments"])]
    """Name of the category."""
    team: Annotated[Label, Field(examples=["PAYMENTS_TEAM"])]
    """Team that gets the tickets of this category."""
    priority: PriorityName = "Medium"
    """Priority where neither a rule nor the model gives one."""
    mode: Annotated[Mode | None, Field(examples=["suggest"])] = None
    """Mode for this category; not set: triage.mode."""
    threshold: Annotated[Share | None, Field(examples=[0.8])] = None
    """Threshold for this category; not set: triage.threshold."""


class Rule(Section):
    """A rule decides before the model, with confidence 1.0; the first one that matches and has a category wins.

    Your rules replace all shipped ones (config/rules.toml).
    """

    name: Annotated[Title, Field(examples=["money debited, not credited"])]
    """Name of the rule, shown as the reason of a decision."""
    category: Annotated[Label | None, Field(examples=["Payments"])] = None
    """Category that the rule decides; not set: the rule only raises the priority."""
    priority: Annotated[PriorityName | None, Field(examples=["High"])] = None
    """Priority that a ticket gets at least."""
    phrases: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=2, max_length=200)], ...],
        Field(examples=[["debited but not credited"]]),
    ] = ()
    """Phrases of whole words; white space, case, accents and punctuation do not matter."""
    patterns: tuple[Pattern, ...] = ()
    """Regular expressions; one that takes too long is refused at the start."""
    where: Literal["any", "subject", "body"] = "any"
    """Part of the email that the rule reads."""
    precision: str = ""
    """Your note on how often the rule was right."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.phrases and not self.patterns:
            raise ValueError(f"rule {self.name!r} needs phrases or patterns")
        if self.category is None and self.priority is None:
            raise ValueError(f"rule {self.name!r} decides nothing; give it a category or a priority")
        return self


class TriageSection(Section):
    """How category, priority and team of a ticket are decided."""

    mode: Mode = "always"
    """always: the model routes from the threshold on; auto: once proven on your tickets; suggest: never."""
    threshold: Share = 0.6
    """Confidence that the model needs in mode "always"; below it a person decides."""
    review_team: Label = "MANUAL_REVIEW"
    """Team that decides doubtful tickets."""
    fallback_team: Label = "GENERAL_SUPPORT"
    """Team that gets tickets of a category that is not configured."""
    promised_accuracy: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    """Accuracy that must be proven on your tickets before the model routes in mode "auto"."""
    audit_share: Share = 0.05
    """Share of automatic decisions whose notification asks the team for a check, so that accuracy stays measured."""
    retrain_after: Annotated[int, Field(ge=0)] = 25
    """Number of corrections after which a new model is trained; 0: never by itself."""
    examples: Annotated[FilePath | None, Field(examples=["/etc/triaged/examples"])] = None
    """Directory of your own CSV files (subject, body, category, priority) to learn from instead of the shipped ones."""


class Limits(Section):
    """Upper bounds that protect you and others."""

    message_bytes: Annotated[int, Field(ge=64 * 1024)] = 25 * MEGABYTE
    """Size of the largest email that is accepted."""
    recipients: Count = 100
    """Number of recipients of one email."""
    connections: Count = 1000
    """Number of SMTP clients at a time."""
    connections_per_address: Count = 20
    """Number of SMTP clients at a time from one address (IPv6: from one /64 network)."""
    session_seconds: Seconds = 1800
    """Longest SMTP session."""
    idle_seconds: Seconds = 60
    """Longest silence of an SMTP client."""
    free_bytes: Annotated[int, Field(ge=0)] = 512 * MEGABYTE
    """Free space in state_dir below which email is refused for the moment (452)."""
    notification_attachment_bytes: Annotated[int, Field(ge=0)] = 10 * MEGABYTE
    """Total size of the customer's attachments that a notification carries."""
    acknowledgements_per_stranger_day: Annotated[int, Field(ge=0)] = 1
    """Acknowledgements a day to a mailbox that is not verified. Ann+tag@ is the mailbox ann@ in all these limits."""
    acknowledgements_per_address_hour: Annotated[int, Field(ge=0)] = 3
    """Acknowledgements an hour to one mailbox."""
    acknowledgements_per_address_day: Annotated[int, Field(ge=0)] = 10
    """Acknowledgements a day to one mailbox."""
    acknowledgements_per_domain_hour: Annotated[int, Field(ge=0)] = 60
    """Acknowledgements an hour to addresses of one domain that are not verified.

    A domain with more customers may get a quarter of its ordinary day in an hour; acknowledgements past that wait.
    """
    acknowledgements_per_hour: Annotated[int, Field(ge=0)] = 600
    """Acknowledgements an hour to all who are not verified together; the others wait for the next hour. 0: no
    acknowledgements at all."""
    notifications_per_team_hour: Annotated[int, Field(ge=0)] = 100
    """Notifications an hour to one team; further tickets are listed in a digest every 15 minutes. 0: digests only."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """Number of times a job is tried before it is dead and a person has to look."""
    delivery_days: Annotated[float, Field(gt=0, le=365)] = 5
    """Time for which an email is tried again after temporary failures."""


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
