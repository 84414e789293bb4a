"""Upper bounds."""

from typing import Annotated

from pydantic import Field

from config.schema.section import Section
from config.values import Count, Seconds

MEGABYTE = 1024 * 1024


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
    answer_attachment_bytes: Annotated[int, Field(ge=0)] = 10 * MEGABYTE
    """Total size of the files that an answer carries to the customer."""
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
    answers_per_ticket_hour: Annotated[int, Field(ge=1)] = 30
    """Answers an hour on one ticket, and emails an hour that return one to its author; further answers are held."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """Number of times a job is tried before it is dead and a person has to look."""
    delivery_days: Annotated[float, Field(gt=0, le=365)] = 5
    """Time for which an email is tried again after temporary failures."""
