"""Decide who may act on a ticket: what an email shows in, power or a refusal out. Pure.

An email has power over a ticket (it speaks for us and gives commands) only if all of this holds:

    token          it carries a valid token of a team, in its strongest place: address, then Message-IDs, then text
    author         From is one readable address, which is a member of the team that the token was sent to; or the
                   token was sent to that very address, and it is still a member of a team
    person         a person wrote it, and no mailing list brought it
    proof          the author is authenticated as `conversation.authentication` demands

The lead (`triage.lead`) who is in no team has the power of correction by a token that was sent to the lead's address:
category, priority and spam, and nothing else (`beyond_correction`). Reply-To counts for nothing here, and a customer's
token gives no power to anyone. What falls short is kept and never obeyed. `tests/unit/tickets/test_authorization.py`
and `test_lead.py` list the cases.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daemon.mail.analyze import FromAuthor
from daemon.mail.command_table import Verb
from daemon.mail.follow_up import IN_ADDRESS, Candidate, Candidates, FoundToken, Keys
from daemon.mail.own_address import own_address
from daemon.mail.roster import Team, teams_of
from daemon.mail.token import Purpose
from daemon.vocabulary import Authentication

UNPROVEN_BY_US: Final = "our own check (DMARC) did not confirm that this email comes from {author}: {checked}"
UNPROVEN: Final[Mapping[Authentication, str]] = {
    Authentication.DMARC: "no mail server that we trust confirmed (DMARC) that this email comes from {author}",
    Authentication.SUBMISSION: "it was not handed in with the login of {author}",
}
# A list rewrites authors, and adds lines for its subscribers: neither who wrote nor what they wrote is certain.
BY_LIST: Final = "it came through a mailing list; reply to our address instead"
# What the lead may do; each is undone by a later decision, and none of them reaches a customer.
CORRECTIONS: Final = frozenset({Verb.CATEGORY, Verb.PRIORITY, Verb.SPAM})
TEXT: Final = "text"


class RefusalKind(StrEnum):
    """Why an email with a team's token has no power."""

    OUTSIDER = "outsider"
    MACHINE = "machine"
    LIST = "list"
    UNAUTHENTICATED = "unauthenticated"
    CONTRADICTORY = "contradictory"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an email shows of who may act.

    `recipients` are the addresses in To and Cc, `own` our own addresses; all addresses are in lower case. `demanded` is
    what members have to prove, `checked` what our own check of the sender found, "" without one. `lead` is the address
    of the lead, "" where there is none. `by_list` says that the list of a team brought the email of a person.
    """

    from_author: FromAuthor
    by_person: bool
    keys: Keys
    candidates: Candidates
    recipients: frozenset[str]
    own: frozenset[str]
    teams: tuple[Team, ...]
    demanded: Authentication
    checked: str = ""
    lead: str = ""
    by_list: bool = False

    def ticket_of(self, found: FoundToken) -> Candidate | None:
        """Return the ticket of a token, None where it is gone."""
        return self.candidates.by_id.get(found.token.ticket_id)

    @property
    def author(self) -> str:
        """Return the address in From, "" where it is nobody's or our own."""
        email = self.from_author.email or ""
        return "" if own_address(email, self.own) else email

    @property
    def teams_of_author(self) -> Sequence[Team]:
        """Return the teams that the author is in."""
        return teams_of(self.author, self.teams)

    @property
    def by_lead(self) -> bool:
        """Say whether From names the lead."""
        return bool(self.lead) and self.author == self.lead

    @property
    def is_proven(self) -> bool:
        """Say whether the author is authenticated as the admin demands."""
        return self.demanded is Authentication.TOKEN or self.is_certain

    @property
    def doubt(self) -> str:
        """Return why the author is not authenticated as the admin demands, as a clause."""
        if self.checked and self.demanded is Authentication.DMARC:
            return UNPROVEN_BY_US.format(author=self.author, checked=self.checked)
        return UNPROVEN[self.demanded].format(author=self.author)

    @property
    def is_certain(self) -> bool:
        """Say whether the author is authenticated by more than a token."""
        by_dmarc = self.from_author.by_dmarc and self.demanded is not Authentication.SUBMISSION
        by_login = self.from_author.by_login and self.demanded is not Authentication.DMARC
        return by_dmarc or by_login


@dataclass(frozen=True, slots=True)
class Power:
    """A member may act on a ticket for a team. `former` says that another team has the ticket now.

    `corrects_only` says that it is the lead's, who is in no team: `team` has no name then, and the lead's address.
    """

    ticket_id: int
    team: Team
    member: str
    reason: str
    former: bool
    corrects_only: bool = False


@dataclass(frozen=True, slots=True)
class DirectAnswer:
    """A member wrote to a customer of the ticket without us; their email is recorded and not sent again."""

    ticket_id: int
    team: Team
    member: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An email with a team's token that is kept and not obeyed. `reason` is a clause for the team.

    `team` and `member` are those who get the email back, or are asked to answer a fresh notification; None and "" for
    an author who is no member. `corrects_only` is as in `Power`.
    """

    kind: RefusalKind
    ticket_id: int
    reason: str
    team: Team | None = None
    member: str = ""
    corrects_only: bool = False


@dataclass(frozen=True, slots=True)
class Forwarder:
    """A member who brings in the email of a customer by #new.

    `reason` is why it is not obeyed, "" where it is. `is_certain` says that more than From shows who they are.
    """

    team: Team
    member: str
    is_certain: bool
    reason: str


Ruling = Power | DirectAnswer | Refusal


def authorize(evidence: Evidence) -> Ruling | None:
    """Return what an email may do as a member's, None where it is like anybody else's."""
    held = _deciding(evidence)
    usable = [(found, team) for found in held for team in _teams_for(found, evidence)]
    if usable and usable[0][0].has_expired:
        return _expired(evidence, usable[0][0], usable[0][1])
    if usable:
        return _by_member(evidence, usable)
    if not held or any(found.token.purpose is Purpose.CUSTOMER for found in held):
        return _direct(evidence)
    if held[0].has_expired:
        return _expired(evidence, held[0], None)
    return _by_outsider(evidence, held[0])


def beyond_correction(verbs: Collection[Verb], *, has_text: bool) -> tuple[str, ...]:
    """Return what of an email the power of correction does not cover: commands as "#close", and TEXT for anybody."""
    others = tuple(f"#{verb}" for verb in dict.fromkeys(verbs) if verb not in CORRECTIONS)
    return (*others, TEXT) if has_text else others


def forwarder(evidence: Evidence) -> Forwarder | None:
    """Return the member who asks for a ticket of somebody else, None where From is no member's or no person wrote it.

    A fresh forward has no token. Where a token alone proves members, the address in From must be enough, although
    anybody can write it: the ticket that a forger gains so is one that they could open by the customer's address as
    well, and nobody gets an email that they would not get then. Only a member who is certain can have it acknowledged.
    """
    mine = evidence.teams_of_author
    if not mine or not evidence.by_person:
        return None
    reason = "" if evidence.is_proven else evidence.doubt
    return Forwarder(mine[0], evidence.author, evidence.is_certain, reason)


def _deciding(evidence: Evidence) -> Sequence[FoundToken]:
    """Return the tokens that count: those in the strongest place, or in a weaker one where those have expired.

    A weaker place may only name the same ticket: a quoted text may hold tokens of any.
    """
    known = [found for found in evidence.keys.tokens if evidence.ticket_of(found)]
    strongest = [found for found in known if found.place == known[0].place]
    tickets = {_ticket_id(found, evidence) for found in strongest}
    valid = [found for found in known if not found.has_expired and _ticket_id(found, evidence) in tickets]
    return [found for found in valid if found.place == valid[0].place] or strongest


def _teams_for(found: FoundToken, evidence: Evidence) -> Sequence[Team]:
    """Return the teams for which the author may use a token: it went to the team or to the author, a member of it.

    The lead who is in no team is a team of one, without a name.
    """
    if found.token.purpose is not Purpose.TEAM:
        return ()
    mine = evidence.teams_of_author
    if not mine and evidence.by_lead and found.is_authors:
        return [_lead(evidence)]
    return [team for team in mine if found.is_authors or team.name in found.teams]


def _lead(evidence: Evidence) -> Team:
    return Team("", evidence.lead, frozenset())


def _by_member(evidence: Evidence, usable: Sequence[tuple[FoundToken, Team]]) -> Ruling:
    tickets = {_ticket_id(found, evidence): evidence.ticket_of(found) for found, _ in usable}
    ticket_id, ticket = next(iter(tickets.items()))
    present = ticket.team if ticket else None
    found, team = next((one for one in usable if one[1].name == present), usable[0])
    corrects_only = not team.name
    refusal = _objection(evidence, several=len(tickets) > 1)
    if refusal is not None:
        kind, reason = refusal
        return Refusal(kind, ticket_id, reason, team, evidence.author, corrects_only)
    if corrects_only:
        reason = f"{evidence.author} corrects triage as the lead by a {found.place}{_proof(evidence)}"
        return Power(ticket_id, team, evidence.author, reason, former=False, corrects_only=True)
    reason = f"{evidence.author} acts for {team.name} by a {found.place}{_proof(evidence)}"
    if found.place != IN_ADDRESS and ticket and evidence.is_certain and evidence.recipients & ticket.participants:
        return DirectAnswer(ticket_id, team, evidence.author, f"{reason}; it went to the customer directly")
    # The lead's own token was sent for a correction, not because a team of theirs had the ticket. Another team gets the
    # emails about a ticket whose team is not configured.
    others = {one.name for one in evidence.teams} - {team.name}
    former = present in others and not (evidence.by_lead and found.is_authors)
    return Power(ticket_id, team, evidence.author, reason, former)


def _objection(evidence: Evidence, *, several: bool) -> tuple[RefusalKind, str] | None:
    """Return why a member's email has no power, None where it has."""
    if evidence.by_list:
        return RefusalKind.LIST, BY_LIST
    if not evidence.by_person:
        return RefusalKind.MACHINE, "it looks like the email of a machine"
    if several:
        return RefusalKind.CONTRADICTORY, "it names several tickets, so it is not clear which one is meant"
    if not evidence.is_proven:
        return RefusalKind.UNAUTHENTICATED, evidence.doubt
    return None


def _expired(evidence: Evidence, found: FoundToken, team: Team | None) -> Refusal:
    day = found.token.expires.isoformat()
    reason = f"it answers an email whose token was valid until {day}; this email has a fresh one"
    member = evidence.author if team else ""
    corrects_only = team is not None and not team.name
    return Refusal(RefusalKind.EXPIRED, _ticket_id(found, evidence), reason, team, member, corrects_only)


def _by_outsider(evidence: Evidence, found: FoundToken) -> Refusal:
    """Say of whom the token is, and why the author may not use it."""
    owner = ", ".join(found.teams) or "somebody who is in no team now"
    if evidence.from_author.email is None:
        who = "From is not one readable address"
    elif not evidence.author:
        who = "From is one of our own addresses"
    elif evidence.teams_of_author:
        who = f"{evidence.author} is in another team"
    else:
        who = f"{evidence.author} is in no team"
    reason = f"its token was sent to {owner}, and {who}"
    return Refusal(RefusalKind.OUTSIDER, _ticket_id(found, evidence), reason)


def _direct(evidence: Evidence) -> DirectAnswer | None:
    """Return the ticket whose customer a member wrote to, found by the emails that the email answers.

    A member who takes part in the ticket is its customer.
    """
    if not evidence.keys.message_ids or not evidence.by_person or not evidence.is_certain:
        return None
    mine = evidence.teams_of_author
    if not mine:
        return None
    for name in evidence.keys.message_ids:
        ticket = evidence.candidates.by_id.get(evidence.candidates.by_message_id.get(name, 0))
        if ticket is None or evidence.author in ticket.participants or not evidence.recipients & ticket.participants:
            continue
        team = next((team for team in mine if team.name == ticket.team), mine[0])
        reason = f"{evidence.author} of {team.name} wrote to the customer directly{_proof(evidence)}"
        return DirectAnswer(ticket.ticket_id, team, evidence.author, reason)
    return None


def _ticket_id(found: FoundToken, evidence: Evidence) -> int:
    ticket = evidence.ticket_of(found)
    return ticket.ticket_id if ticket else found.token.ticket_id


def _proof(evidence: Evidence) -> str:
    if not evidence.is_certain:
        return ""
    return ", authenticated by login" if evidence.from_author.by_login else ", authenticated by DMARC"
