"""Check what sections of the settings say of one another: names must be known, addresses must not be there twice."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from config.schema import Category, Imap, Outgoing, Support, Team


def check_addresses(
    support: Support,
    teams: Sequence[Team],
    categories: Sequence[Category],
    outgoing: Outgoing,
    mailboxes: Sequence[Imap],
) -> None:
    """Raise ValueError for an address that is there twice, or for a name that an address or mailbox refers to."""
    twice = _twice(email.lower() for email in support.emails)
    if twice:
        raise ValueError(f"support.addresses: {twice} is there twice; keep one entry for it")
    twice = _twice(server.name for server in outgoing.servers)
    if twice:
        raise ValueError(f"outgoing.servers: two servers are named {twice!r}; give each a name of its own")
    for entry in support.addresses:
        where = f"support.addresses.{entry.address}"
        refuse_unknown(f"{where}.category", "category", entry.category, {one.name for one in categories})
        refuse_unknown(f"{where}.team", "team", entry.team, {one.name for one in teams})
        refuse_unknown(f"{where}.server", "server", entry.server, {one.name for one in outgoing.servers})
    for mailbox in mailboxes:
        if mailbox.address is not None and mailbox.address.lower() not in support.own:
            known = ", ".join(support.emails)
            raise ValueError(
                f"imap.{mailbox.name}.address: {mailbox.address} is none of support.addresses; known are {known}"
            )


def refuse_unknown(where: str, kind: str, name: str | None, known: Collection[str]) -> None:
    """Raise ValueError for a name that nothing of its kind has."""
    if name is None or name in known:
        return
    cure = f"known are {', '.join(sorted(known))}" if known else "none is configured"
    more = "; add it as [[outgoing.servers]]" if kind == "server" else ""
    raise ValueError(f"{where}: no {kind} is named {name!r}; {cure}{more}")


def _twice(names: Iterable[str]) -> str:
    """Return the first name that is there more than once, or ""."""
    return next((name for name, number in Counter(names).items() if number > 1), "")
