"""The teams and their members: who may write for a team, by exact addresses and by whole domains."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from daemon.mail.address import canonical
from daemon.text import domain_of

# Any local part serves to bring the domain of "@domain" into the form that addresses are compared in.
ANYBODY: Final = "anybody"


@dataclass(frozen=True, slots=True)
class Team:
    """A team, with the address that its notifications go to.

    `members` are addresses and "@domain". All are in lower case with domains as A-labels, so that one address equals
    another only where a mail server delivers both to the same mailbox; make a team by `of`.
    """

    name: str
    address: str
    members: frozenset[str]

    @classmethod
    def of(cls, name: str, address: str, members: Iterable[str] = ()) -> Self:
        """Return a team from settings; what is no address is compared as it stands."""
        return cls(name, comparable(address), frozenset(map(_comparable_member, members)))

    def includes(self, email: str) -> bool:
        """Return whether an address, in its comparable form, is the team's or a member's."""
        return bool(teams_of(email, (self,)))


def teams_of(email: str, teams: Iterable[Team]) -> tuple[Team, ...]:
    """Return the teams whose own address an address is, or that it is a member of; it is in its comparable form."""
    if not email:
        return ()
    ways = (email, f"@{domain_of(email)}")
    return tuple(team for team in teams if email == team.address or not team.members.isdisjoint(ways))


def comparable(email: str) -> str:
    """Return an address in the form in which addresses are compared: lower case, with the domain as A-labels."""
    return (canonical(email) or email).lower()


def _comparable_member(member: str) -> str:
    if not member.startswith("@"):
        return comparable(member)
    return comparable(ANYBODY + member).removeprefix(ANYBODY)
