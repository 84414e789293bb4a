"""Which team gets a ticket whose category a person corrected, where its address has a team."""

import pytest

from daemon.tickets.address_teams import AddressTeam, team_after

FIXED = AddressTeam("SHOP", None, is_fixed=True)
LIKELY = AddressTeam("SHOP", None, is_fixed=False)
PAIR = AddressTeam("SHOP", "Payments", is_fixed=False)
FIXED_PAIR = AddressTeam("SHOP", "Payments", is_fixed=True)


@pytest.mark.parametrize(
    ("at", "category", "present", "by_person", "team"),
    [
        (None, "Login", "PAYMENTS", False, "IDENTITY"),
        # A team for all tickets of an address keeps them, and gets those that triage could not decide.
        (FIXED, "Login", "SHOP", False, "SHOP"),
        (FIXED, "Login", "SHOP", True, "SHOP"),
        (FIXED, "Login", None, False, "SHOP"),
        (FIXED, "Login", "REVIEW", False, "SHOP"),
        # A person moved it away.
        (FIXED, "Login", "REVIEW", True, "IDENTITY"),
        # As evidence, the team says nothing of what a person decides.
        (LIKELY, "Login", "SHOP", False, "IDENTITY"),
        (LIKELY, "Login", None, False, "IDENTITY"),
        # The team of one category gets this one, whoever has the ticket, and no other.
        (PAIR, "Payments", "REVIEW", False, "SHOP"),
        (PAIR, "Payments", "IDENTITY", True, "SHOP"),
        (PAIR, "Login", "SHOP", False, "IDENTITY"),
        (FIXED_PAIR, "Payments", "REVIEW", True, "SHOP"),
        (FIXED_PAIR, "Login", "SHOP", False, "IDENTITY"),
    ],
)
def test_the_team_after_a_correction(
    at: AddressTeam | None, category: str, present: str | None, *, by_person: bool, team: str
) -> None:
    assert team_after(category, "IDENTITY", at, present, by_person=by_person) == team
