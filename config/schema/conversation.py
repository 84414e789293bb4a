"""The conversation: who may answer a customer by email, and what an answer changes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from config.schema.section import Section


class Conversation(Section):
    """How teams answer customers from their own mail programs."""

    authentication: Literal["auto", "dmarc", "submission", "token"] = "auto"
    """Proof, beside the team's token, that a member wrote an email: dmarc, a login (submission), or the token alone.

    auto: dmarc where a source of results is configured, else token.
    """
    answer_from: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f<>@]{1,64}$")] = "{agent} ({support})"
    """Name that customers see on an answer; {agent} is the name of the member, {support} is support.name."""
    after_answer: Literal["OPEN", "WAITING", "RESOLVED"] = "WAITING"
    """Status of a ticket after an answer."""
    after_customer: Literal["OPEN", "WAITING"] = "OPEN"
    """Status of a ticket after an email of the customer."""
    reopen_days: Annotated[int, Field(ge=0, le=3650)] = 30
    """Number of days after the last email in which a reply with a new subject still joins the ticket."""
