"""The defaults of teams, categories and rules."""

import tomllib
from collections.abc import Set as AbstractSet
from importlib.resources import files

from config.schema import Category, Rule, Team

TEAMS = (
    Team(name="PAYMENTS_TEAM", email="payments-team@example.com"),
    Team(name="IDENTITY_TEAM", email="identity-team@example.com"),
    Team(name="TECH_SUPPORT", email="tech-support@example.com"),
    Team(name="GENERAL_SUPPORT", email="general-support@example.com"),
    Team(name="MANUAL_REVIEW", email="review@example.com"),
)

CATEGORIES = (
    Category(name="Payments", team="PAYMENTS_TEAM", priority="Medium"),
    Category(name="Login", team="IDENTITY_TEAM", priority="High"),
    Category(name="Technical", team="TECH_SUPPORT", priority="Medium"),
    Category(name="General", team="GENERAL_SUPPORT", priority="Low"),
)


def rules(categories: AbstractSet[str]) -> tuple[Rule, ...]:
    """Return the shipped rules for these categories, and those that only raise the priority."""
    data = tomllib.loads((files("config") / "rules.toml").read_text(encoding="utf-8"))
    shipped = (Rule(**entry) for entry in data["rules"])
    return tuple(rule for rule in shipped if rule.category is None or rule.category in categories)
