"""The data of the template of the email with a link to the pages. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignIn:
    """The email with a link to the pages. `reference` is its title."""

    reference: str
    support: str
    mark: str
    link: str
    minutes: int
