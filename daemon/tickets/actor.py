"""Who acts on a ticket, and by which door."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts on a ticket; each event names them.

    `name` is the address of a member, or the name of an admin on the command line. `team` is the team for which they
    act, None for an admin. `source` is the door: "email:7" with the id of the ledger row, "cli", "http" or "web".
    """

    name: str
    team: str | None
    source: str

    @property
    def event_data(self) -> dict[str, object]:
        """Return what an event records of the actor."""
        team: dict[str, object] = {"for_team": self.team} if self.team else {}
        return {"actor": self.name, "source": self.source} | team
