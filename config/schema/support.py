"""Who we are to customers, and the teams that answer them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from config.schema.section import Section
from config.values import AddressOrDomain, Label, Language, MailAddress, OptionalHost


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
    language: Language = "en"
    """Language of emails to customers whose language is not known: a code such as "de"."""
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
