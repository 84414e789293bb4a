"""Every setting, typed and explained: the sections of triaged.toml.

The docstrings of sections and settings are what docs/CONFIGURATION.md and config/triaged.toml say of them; after a
change run `make docs`.
"""

from config.schema.authentication import Authentication
from config.schema.conversation import Conversation
from config.schema.http import Http, Oidc
from config.schema.limits import Limits
from config.schema.mail_in import Imap, OAuth2, Smtp
from config.schema.mail_out import Outgoing, OutgoingServer
from config.schema.section import Section
from config.schema.service import Broker, Database, Health, Log, Service
from config.schema.support import Support, SupportAddress, Team
from config.schema.triage import Category, Rule, TriageSection
from config.schema.webhooks import Webhooks

__all__ = [
    "Authentication",
    "Broker",
    "Category",
    "Conversation",
    "Database",
    "Health",
    "Http",
    "Imap",
    "Limits",
    "Log",
    "OAuth2",
    "Oidc",
    "Outgoing",
    "OutgoingServer",
    "Rule",
    "Section",
    "Service",
    "Smtp",
    "Support",
    "SupportAddress",
    "Team",
    "TriageSection",
    "Webhooks",
]
