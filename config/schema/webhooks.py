"""Webhooks: where they may go."""

from typing import Annotated

from pydantic import Field

from config.schema.section import Section
from config.values import Network, Seconds


class Webhooks(Section):
    """Webhooks, which `triaged webhooks` creates. They go to public addresses by TLS."""

    allowed_networks: Annotated[tuple[Network, ...], Field(examples=[["10.1.0.0/16"]])] = ()
    """Networks that are not public, to which webhooks may go all the same, also without TLS."""
    timeout_seconds: Seconds = 10
    """Longest time to connect, and to wait for an answer."""
    keep_days: Annotated[int, Field(ge=4)] = 30
    """Number of days for which events that were sent or given up are kept, to be shown and replayed."""
