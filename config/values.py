"""Types of values in settings: each refuses at the start what would fail later."""

import ipaddress
from typing import Annotated, Literal

import regex
from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

NOT_IN_ADDRESS = set('"(),:;<>[\\] \t\r\n\0')


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


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a network: {error}; write it like 192.0.2.0/24") from None


def _endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the largest TCP port
        raise ValueError(f"{value!r} is not HOST:PORT; write it like 127.0.0.1:2525")
    return value


# What WithJsonSchema names is the type that config.document writes into the documents.
MailAddress = Annotated[str, AfterValidator(_address), WithJsonSchema({"type": "string", "format": "email address"})]
AddressOrDomain = Annotated[
    str,
    AfterValidator(_address_or_domain),
    WithJsonSchema({"type": "string", "format": "email address or @domain"}),
]
Pattern = Annotated[str, AfterValidator(_pattern), WithJsonSchema({"type": "string", "format": "regular expression"})]
Endpoint = Annotated[str, AfterValidator(_endpoint), WithJsonSchema({"type": "string", "format": "HOST:PORT"})]
Network = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string", "format": "network"})]
Name = Annotated[str, StringConstraints(pattern=r"^[\w .+-]{1,64}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[\w .&/+-]{1,64}$")]
Title = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
PriorityName = Literal["Urgent", "High", "Medium", "Low"]
Mode = Literal["suggest", "auto", "always"]
