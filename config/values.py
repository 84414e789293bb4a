"""Types of values in settings: each refuses at the start what would fail later."""

import ipaddress
import re
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo

import regex
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, WithJsonSchema

NOT_IN_ADDRESS = set('"(),:;<>[\\] \t\r\n\0')

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# It would name no server, and no result would ever be believed (RFC 8601 section 2.5).
NOT_IN_AUTHSERV_ID: Final = re.compile(r"[\s\x00-\x1f\x7f;@]")
HOST: Final = re.compile(r"[\w.:%\[\]-]{1,255}")
REDIS_URL: Final = re.compile(r"rediss?://[^/?]*[^/?@](/\d*)?(\?.*)?|unix://([^/?]*@)?/[^?]+(\?.*)?")
POSTGRES_URL: Final = re.compile(r"postgresql(\+psycopg)?://.*")
SQLITE_URL: Final = re.compile(r"sqlite(\+pysqlite)?:///(?!:memory:)[^?]+")
# The host and port of a URL; an IPv6 address stands in brackets.
AUTHORITY: Final = re.compile(r"(?:\[(?P<ip>[^\[\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>.*))?")
NAME_IN_URL: Final = re.compile(r"[\w.-]{0,255}")
# A mistyped IPv4 address, such as 192.168.1.300, is no name either.
FOUR_NUMBERS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
# Longer times overflow the clocks of Python and SQL.
YEAR_SECONDS: Final = 366 * 24 * 3600


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    good = at and local and domain and value.isascii() and not NOT_IN_ADDRESS & set(value) and "@" not in local
    if not good or domain.startswith(".") or domain.endswith(".") or ".." in domain:
        raise ValueError(f"{value!r} is not a mail address; write it like support@example.com")
    return f"{local}@{domain.lower()}"


def _address_or_domain(value: str) -> str:
    domain_only = value.startswith("@")
    try:
        return _address(f"any{value}").removeprefix("any") if domain_only else _address(value)
    except ValueError:
        raise ValueError(f"{value!r} is neither a mail address nor @ and a domain, as @monitor.example") from None


def _pattern(value: str) -> str:
    try:
        regex.compile(value)
    except regex.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


def _time_zone(value: str) -> str:
    try:
        time_zone(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{value!r} is no time zone that this host knows; write it like Europe/Berlin (see the package tzdata)"
        ) from None
    return value


def time_zone(name: str) -> tzinfo:
    """Return a time zone; that of UTC needs no files."""
    return UTC if name == "UTC" else ZoneInfo(name)


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a network: {error}; write it like 192.0.2.0/24") from None


def _endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and int(port) < 65536  # noqa: PLR2004 - one more than the largest
    if not colon or not host or CONTROL.search(host) or not is_port:
        raise ValueError(f"{value!r} is not HOST:PORT; write it like 127.0.0.1:2525")
    return value


def _name_server(value: str) -> str:
    try:
        name_server(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a name server; write it like 192.0.2.53 or 192.0.2.53:5353") from None
    return value


def name_server(value: str) -> tuple[str, int]:
    """Return the address and port of a name server, such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353."""
    host, port = value, "53"
    if value.startswith("[") or value.count(":") == 1:
        host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):  # noqa: PLR2004 - one more than the largest
        raise ValueError(value)
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def _path(value: object) -> object:
    if isinstance(value, str) and (not value or CONTROL.search(value)):
        raise ValueError("a path must not be empty and must not have control characters")
    return value


def _can_exist(host: str) -> bool:
    """Say whether a host can be looked up: a label that is empty or too long raises in whoever connects to it."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return not FOUR_NUMBERS.fullmatch(host) or _is_ip(host)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _host(value: str) -> str:
    if value and not (HOST.fullmatch(value) and _can_exist(value)):
        raise ValueError("not a host name; write it like mail.example.com")
    return value


def _authserv_id(value: str) -> str:
    if NOT_IN_AUTHSERV_ID.search(value):
        raise ValueError("not the name of a mail server; write it like mx.example.com")
    return value


def _needed(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _one_line(value: str) -> str:
    if CONTROL.search(value):
        raise ValueError("must not have control characters, such as a line break")
    return value


def _secret(value: SecretStr) -> SecretStr:
    _one_line(value.get_secret_value())
    return value


def _database_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if url and not SQLITE_URL.fullmatch(url):
        if not POSTGRES_URL.fullmatch(url):
            raise ValueError("not a database URL; write it like postgresql://user:password@host/name")
        _authority(url)
        hosts = [
            host for name, value in parse_qsl(url.partition("?")[2]) if name == "host" for host in value.split(",")
        ]
        # What begins so is the directory of a Unix socket.
        if not all(host.startswith(("/", "@")) or _can_exist(host) for host in hosts):
            raise ValueError("the host after the ? is not a host name")
    elif CONTROL.search(url):
        raise ValueError("a path must not have control characters")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if url:
        _authority(url)
        if not REDIS_URL.fullmatch(url):
            raise ValueError("not a Redis URL; write it like redis://:password@host:6379/0")
    return value


def _authority(url: str) -> None:
    """Refuse a URL whose parts cannot be told apart. The errors show nothing of it, since it may hold a password."""
    whole = url.partition("://")[2]
    authority = re.split(r"[/?]", whole, maxsplit=1)[0]
    rest = whole[len(authority) :]
    if authority.count("@") > 1 or "@" in rest or "#" in url or CONTROL.search(url) or " " in url:
        raise ValueError("in a user name or password write @ as %40, / as %2F, ? as %3F, # as %23, a space as %20")
    if "\0" in unquote(url):
        raise ValueError("it must not have %00")
    found = AUTHORITY.fullmatch(authority.rpartition("@")[2])
    if not found or not _is_host_in_url(found["ip"], found["name"] or ""):
        raise ValueError("not a host name; write it like mail.example.com, 192.0.2.1 or [2001:db8::1]")
    port = found["port"]
    if port is not None and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):  # noqa: PLR2004 - one more than the largest
        raise ValueError("the port is not a number from 1 to 65535")


def _is_host_in_url(ip: str | None, name: str) -> bool:
    if ip is not None:
        return _is_ip(unquote(ip))
    return bool(NAME_IN_URL.fullmatch(unquote(name))) and _can_exist(unquote(name))


# What WithJsonSchema names is the type that config.document writes into the documents.
MailAddress = Annotated[str, AfterValidator(_address), WithJsonSchema({"type": "string", "format": "email address"})]
AddressOrDomain = Annotated[
    str,
    AfterValidator(_address_or_domain),
    WithJsonSchema({"type": "string", "format": "email address or @domain"}),
]
Pattern = Annotated[str, AfterValidator(_pattern), WithJsonSchema({"type": "string", "format": "regular expression"})]
Endpoint = Annotated[str, AfterValidator(_endpoint), WithJsonSchema({"type": "string", "format": "HOST:PORT"})]
NameServer = Annotated[str, AfterValidator(_name_server), WithJsonSchema({"type": "string", "format": "name server"})]
TimeZone = Annotated[str, AfterValidator(_time_zone), WithJsonSchema({"type": "string", "format": "time zone"})]
Network = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string", "format": "network"})]
Name = Annotated[str, StringConstraints(pattern=r"^[\w .+-]{1,64}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[\w .&/+-]{1,64}$")]
Title = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
PriorityName = Literal["Urgent", "High", "Medium", "Low"]
Mode = Literal["suggest", "auto", "always"]
FilePath = Annotated[Path, BeforeValidator(_path)]
OptionalHost = Annotated[str, AfterValidator(_host)]
Host = Annotated[str, AfterValidator(_host), AfterValidator(_needed)]
AuthservId = Annotated[str, AfterValidator(_authserv_id)]
# What is sent to a server on a line of its protocol: a line break would end it, and begin another command.
OneLine = Annotated[str, AfterValidator(_one_line)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
Seconds = Annotated[float, Field(gt=0, le=YEAR_SECONDS)]
