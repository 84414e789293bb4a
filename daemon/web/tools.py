"""What HTTP needs of the workers, as a protocol and values: importing it loads no HTTP."""

from dataclasses import dataclass
from typing import Any, Protocol

from config.settings import Settings
from daemon.facts import Problem
from daemon.vocabulary import Triage


class ModelsError(Exception):
    """A model cannot be used; the message says why."""


class DemoError(Exception):
    """Example emails cannot be sent; the message says why."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket that would be decided differently."""

    reference: str
    subject: str
    category: str
    team: str
    new_category: str
    new_team: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How many tickets were decided again, and those that would be decided differently."""

    tickets: int
    moved: tuple[Moved, ...]


class WebTools(Protocol):
    """What only the workers' code can do. HTTP does not import it: the composition root hands it in."""

    def reload(self, settings: Settings) -> None:
        """Use these settings from the next call on."""

    def triage(self, subject: str, text: str) -> Triage:
        """Return what would be decided about a text; stores nothing."""

    def models(self) -> list[dict[str, Any]]:
        """Return the versions of the model with their figures, the oldest first."""

    def promote(self, version: str | None) -> str:
        """Use a version, without one the previous; return the version in use. Raises ModelsError."""

    def rehearse(self, version: str | None, rule: tuple[str, str] | None, number: int) -> Rehearsal:
        """Return what a model, or a rule of a phrase and a category, would change about the newest tickets.

        Raises ModelsError.
        """

    def send_examples(self) -> int:
        """Send the example emails to the listener, and return how many. Raises DemoError."""

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems of the running system, the most important first."""

    def try_email(self, raw: bytes) -> dict[str, Any]:
        """Return what would happen to an email, as `triaged try --json` prints it; stores nothing."""
