"""Our own check of senders, where no border server of ours does it."""

from typing import Annotated

from pydantic import Field

from config.schema.section import Section
from config.values import Host, NameServer, OptionalHost


class Authentication(Section):
    """Our own check of senders by SPF, DKIM, DMARC and ARC, for installations that are the MX of their domain.

    It covers what people send from outside smtp.trusted_networks; nothing is refused because of it.
    """

    check: bool = False
    """Whether triaged checks senders itself."""
    timeout_seconds: Annotated[float, Field(gt=0, le=15)] = 5
    """The longest time that a check may take; then the email counts as not checked and goes on."""
    nameservers: Annotated[tuple[NameServer, ...], Field(examples=[["192.0.2.53", "[2001:db8::53]:5353"]])] = ()
    """Recursive name servers to ask; empty: those of this host."""
    trusted_intermediaries: Annotated[tuple[Host, ...], Field(examples=[["lists.example.org"]])] = ()
    """Domains whose ARC seals are believed, such as your mailing lists; each can vouch for any sender."""
    authserv_id: Annotated[OptionalHost, Field(examples=["mx.example.com"])] = ""
    """Our own name in Authentication-Results, which nobody else may use; empty: smtp.hostname."""
