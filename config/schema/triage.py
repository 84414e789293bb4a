"""Triage: categories, rules and the model."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from config.schema.section import Section
from config.values import FilePath, Label, MailAddress, Mode, Pattern, PriorityName, Share, Title


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
    description: Annotated[str, StringConstraints(max_length=500), Field(examples=["charges, refunds, invoices"])] = ""
    """What belongs to it; with triage.semantic, tickets are suggested to a category that has no examples yet."""


class Rule(Section):
    """A rule decides before the model, with confidence 1.0; the first one that matches and has a category wins.

    Your rules replace all shipped ones (config/rules.toml).
    """

    name: Annotated[Title, Field(examples=["money debited, not credited"])]
    """Name of the rule, shown as the reason of a decision."""
    category: Annotated[Label | None, Field(examples=["Payments"])] = None
    """Category that the rule decides; not set: the rule only raises the priority."""
    priority: Annotated[PriorityName | None, Field(examples=["High"])] = None
    """Priority of a ticket that the rule decides; without a category, the priority that a ticket gets at least."""
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
    lead: Annotated[MailAddress | None, Field(examples=["lead@example.com"])] = None
    """Address of the person who decides doubtful tickets by email; in no team, they may only correct triage."""
    lead_hour: Annotated[int, Field(ge=0, le=23)] = 7
    """Hour in support.timezone from which triage.lead gets one email a day: the five tickets that teach triage most."""
    promised_accuracy: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    """Accuracy that must be proven on your tickets before the model routes in mode "auto"."""
    audit_share: Share = 0.05
    """Share of automatic decisions whose notification asks the team for a check, so that accuracy stays measured."""
    retrain_after: Annotated[int, Field(ge=0)] = 25
    """Number of corrections after which a new model is trained; 0: never by itself."""
    learn_from_undecided: bool = True
    """Also learn from tickets that nobody checked, one of each customer, where it is better on the checked ones."""
    semantic: bool = False
    """Second opinion of a sentence encoder; needs the extra triaged[semantic]."""
    similar: bool = True
    """With triage.semantic: show teams up to three similar earlier tickets of their own; up to 10 ms an email."""
    examples: Annotated[FilePath | None, Field(examples=["/etc/triaged/examples"])] = None
    """Directory of your own CSV files (subject, body, category, priority) to learn from instead of the shipped ones."""
