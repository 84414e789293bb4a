"""Choose the team of a ticket whose category a person corrected: that of the category, or of the address. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddressTeam:
    """The team of one of our addresses: for tickets of `category`, or for all if that is None.

    A team for all is fixed, or only evidence for triage; then it says nothing of what a person decides.
    """

    team: str
    category: str | None
    is_fixed: bool


def team_after(category: str, own: str, at: AddressTeam | None, present: str | None, *, by_person: bool) -> str:
    """Return the team of a ticket that gets a category, whose own team is `own`.

    `at` is the team of the address that its customer wrote to. `present` is the team that has the ticket, `by_person`
    says that a person gave it to them: who moved a ticket away from a fixed team does not get it back.
    """
    if at is None:
        return own
    if at.category is not None:
        return at.team if at.category == category else own
    is_kept = at.is_fixed and (present == at.team or not by_person)
    return at.team if is_kept else own
