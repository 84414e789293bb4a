"""The data of the templates of emails to customers that we write ourselves. Pure."""

from dataclasses import dataclass

from workers.notify.wording import greeting_name, without_re


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The acknowledgement of a new ticket to its customer.

    Nothing that an unverified sender wrote may reach the template, so build it with `acknowledgement`.
    """

    reference: str
    support: str
    mark: str
    verified: bool = False
    name: str = ""
    subject: str = ""


def acknowledgement(
    reference: str, support: str, mark: str, *, verified: bool, name: str = "", subject: str = ""
) -> Acknowledgement:
    """Return the view of an acknowledgement; only a verified sender gets name and subject."""
    if not verified:
        return Acknowledgement(reference, support, mark)
    return Acknowledgement(
        reference, support, mark, verified=True, name=greeting_name(name), subject=without_re(subject)
    )
