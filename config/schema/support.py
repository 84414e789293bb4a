"""Who we are to customers, and the teams that answer them."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from config.schema.section import Section
from config.values import (
    AddressOrDomain,
    AuthservId,
    FilePath,
    Label,
    Language,
    MailAddress,
    Name,
    OptionalHost,
    TimeZone,
)

DisplayName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f<>@]{1,64}$")]


class SupportAddress(Section):
    """An address that customers write to; an entry of support.addresses is such a table, or the address alone.

    All emails about a ticket come from the address that its customer wrote to, those to teams too.
    """

    address: Annotated[MailAddress, Field(examples=["billing@shop.example"])]
    """The address."""
    name: Annotated[DisplayName | None, Field(examples=["Shop Billing"])] = None
    """Name that customers see as the sender; not set: support.name."""
    category: Annotated[Label | None, Field(examples=["Payments"])] = None
    """Category that tickets to this address have, or probably have, see `triage`; not set: none."""
    team: Annotated[Label | None, Field(examples=["PAYMENTS_TEAM"])] = None
    """Team that gets tickets of `category`; without a category, the team that gets all, or probably gets them."""
    triage: Literal["evidence", "fixed"] = "evidence"
    """evidence: category or team count beside the text, and a clear text overrules them; fixed: they are decided, and
    who corrects the category of a ticket does not change a team that is fixed for all."""
    plus_addressing: Annotated[bool | None, Field(examples=[False])] = None
    """Whether the mail server of this address delivers billing+anything@ to it; not set: support.plus_addressing."""
    templates: Annotated[FilePath | None, Field(examples=["/etc/triaged/shop"])] = None
    """Directory of *.j2 templates for this address, which come before those of service.templates and the shipped."""
    language: Annotated[Language | None, Field(examples=["de"])] = None
    """Language of emails to customers whose language is not known; not set: support.language."""
    answer_from: Annotated[DisplayName | None, Field(examples=["{agent}, {support}"])] = None
    """Name that customers see on an answer, where {support} is the name above; not set: conversation.answer_from."""
    server: Annotated[Name | None, Field(examples=["shop"])] = None
    """Name of the server in [[outgoing.servers]] that sends from this address; not set: the one in [outgoing]."""

    @model_validator(mode="after")
    def _fixes_something(self) -> Self:
        if self.triage == "fixed" and not self.category and not self.team:
            raise ValueError(f'{self.address}: triage = "fixed" needs a category or a team; set one, or remove it')
        return self

    @model_serializer(mode="wrap")
    def _short(self, handler: SerializerFunctionWrapHandler) -> Any:  # noqa: ANN401 - text or a table
        return self.address if self.is_plain else handler(self)

    @property
    def is_plain(self) -> bool:
        """Say whether the entry has no settings of its own."""
        return self.model_fields_set <= {"address"}


def _entry(value: object) -> object:
    return {"address": value} if isinstance(value, str) else value


class Support(Section):
    """What customers see of you."""

    name: DisplayName = "Support"
    """Name that customers see as the sender."""
    addresses: Annotated[
        tuple[Annotated[SupportAddress, BeforeValidator(_entry)], ...],
        Field(min_length=1, json_schema_extra={"x-type": "list of email addresses or tables"}),
    ] = (SupportAddress(address="support@example.com"),)
    """Addresses that customers write to, the main one first; one with settings of its own is a table, see
    [[support.addresses]]."""
    domain: OptionalHost = ""
    """Right-hand side of the Message-IDs of addresses that have the domain of the first one; empty: that domain."""
    plus_addressing: bool = True
    """Whether your mail server delivers support+anything@ to support@; false: tokens are not put into addresses. An
    entry of support.addresses may differ."""
    language: Language = "en"
    """Language of emails to customers whose language is not known: a code such as "de"."""
    timezone: TimeZone = "UTC"
    """Time zone of hours in settings, such as triage.lead_hour: a name such as Europe/Berlin."""
    reference_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,6}$")] = "HD"
    """Letters that ticket references begin with, as in HD-7K3Q-M9XY."""
    trusted_authserv_ids: Annotated[tuple[AuthservId, ...], Field(examples=[["mx.example.com"]])] = ()
    """Names (authserv-id) of your border mail servers; their results are believed, see smtp.trusted_networks."""
    accepted_lists: Annotated[tuple[str, ...], Field(examples=[["support.groups.example.com"]])] = ()
    """List-Ids of your own groups; email that comes through them counts as written by people, unless it is an automatic
    reply. It is not acknowledged."""
    accepted_machines: Annotated[
        tuple[AddressOrDomain, ...], Field(examples=[["alerts@monitor.example", "@shop.example"]])
    ] = ()
    """Machines whose email opens tickets, which are triaged and never acknowledged; `@domain`: any address of exactly
    that domain."""

    @property
    def emails(self) -> tuple[str, ...]:
        """Return the addresses themselves."""
        return tuple(entry.address for entry in self.addresses)

    @property
    def own(self) -> frozenset[str]:
        """Return the addresses in lower case, to compare with."""
        return frozenset(email.lower() for email in self.emails)

    @property
    def tagged(self) -> frozenset[str]:
        """Return the addresses, in lower case, that take email with a token after a plus sign."""
        return frozenset(entry.address.lower() for entry in self.addresses if self.takes_tags(entry))

    def takes_tags(self, entry: SupportAddress) -> bool:
        """Say whether email to an address with a token after a plus sign arrives."""
        return self.plus_addressing if entry.plus_addressing is None else entry.plus_addressing

    @property
    def address(self) -> str:
        """Return the main address, which all email comes from that belongs to no other."""
        return self.addresses[0].address

    @property
    def message_id_domain(self) -> str:
        """Return the right-hand side of the Message-IDs of the main address."""
        return self.message_id_domain_of(self.address)

    def message_id_domain_of(self, address: str) -> str:
        """Return the right-hand side of the Message-IDs of an address."""
        domain = address.rpartition("@")[2]
        return self.domain or domain if domain == self.address.rpartition("@")[2] else domain


class Team(Section):
    """A team that gets tickets."""

    name: Annotated[Label, Field(examples=["PAYMENTS_TEAM"])]
    """Name of the team, as categories refer to it."""
    email: Annotated[MailAddress, Field(examples=["payments-team@example.com"])]
    """Address that notifications go to."""
    members: Annotated[tuple[AddressOrDomain, ...], Field(examples=[["ana@example.com", "@support.example.com"]])] = ()
    """Addresses of members, who may act on its tickets with a token of the team; `@domain`: every address of exactly
    that domain."""
    language: Language = "en"
    """Language of emails to the team."""
