"""Analyze an email: everything that its bytes and envelope show, without the store."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from daemon.mail import follow_up, own_address, verp
from daemon.mail.address import canonical
from daemon.mail.dsn.read import Dsn, read_dsn
from daemon.mail.envelope import HTTP, Inbound
from daemon.mail.follow_up import Author, Keys
from daemon.mail.forwarding import NewTicketRequest, read_request
from daemon.mail.message import Address, Message
from daemon.mail.mime.parse import parse
from daemon.mail.reply.reaction import is_reaction
from daemon.mail.roster import Team, comparable, teams_of
from daemon.mail.screening.authentication_results import authenticated
from daemon.mail.screening.auto_headers import is_automatic_answer
from daemon.mail.screening.group import hidden_author, list_identifier, posting_addresses
from daemon.mail.screening.loop import own_evidence
from daemon.mail.screening.screen import OwnIdentity, is_report, is_written_to_list, screen
from daemon.mail.senders import is_mail_system, is_unanswerable, sender_of
from daemon.text import domain_of
from daemon.vocabulary import ConversationPolicy, Screening, SenderCheck, SenderKind

# AUTO_REPLY too, because a Sieve "reject" is a bounce in the form of a disposition notification.
REPORTS = (SenderKind.BOUNCE, SenderKind.AUTO_REPLY)
# The sources of email whose client we know.
OUR_LISTENER = ("smtp", "lmtp")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are: our addresses, our keys, and the servers, lists and machines that we trust.

    `teams` are those that may act on tickets, as `conversation` demands. `trusted_authserv_ids` are the names of our
    border servers in lower case, believed when a client in one of `trusted_networks` brings the email;
    `mailbox_borders` maps an IMAP account to the name of its border. `accepted_machines` are addresses and "@domain",
    in lower case. `mailbox_addresses` maps an IMAP account to the one of ours that its email was written to if it names
    none, `postmasters` those of our domains to an address there. `checks_senders` says that we check senders ourselves.
    `lead` is the address of the person who may correct triage, "" where there is none.
    """

    own_addresses: frozenset[str]
    mailbox_addresses: Mapping[str, str]
    postmasters: Mapping[str, str]
    teams: tuple[Team, ...]
    conversation: ConversationPolicy
    keys: tuple[bytes, ...]
    reference_prefix: str
    trusted_authserv_ids: frozenset[str]
    trusted_networks: tuple[Network, ...]
    mailbox_borders: Mapping[str, str]
    accepted_lists: frozenset[str]
    accepted_machines: frozenset[str]
    checks_senders: bool
    lead: str

    def address_of(self, message: Message, inbound: Inbound, original: Message | None = None) -> str:
        """Return the one of our addresses that an email was written to, in lower case, "" where unknown.

        `original` is an email that it forwards, whose recipients count first.
        """
        first = own_address.named(original, ()) if original else ()
        named = (*first, *own_address.named(message, inbound.envelope.rcpt_tos))
        found = own_address.first_own(named, self.own_addresses) or self.mailbox_addresses.get(inbound.mailbox, "")
        return found or next((self.postmasters[one] for one in map(str.lower, named) if one in self.postmasters), "")

    def reloaded(self, new: "Identity") -> "Identity":
        """Return this identity with what a reload changes of it: teams, rules of conversations and the lead."""
        return replace(self, teams=new.teams, conversation=new.conversation, lead=new.lead)

    def is_in_team(self, email: str) -> bool:
        """Say whether an address, in lower case, is one of a team; that proves nothing: anyone can write it."""
        return bool(teams_of(email, self.teams))


@dataclass(frozen=True, slots=True)
class FromAuthor:
    """Who From names: one readable address in lower case, or None, and what proves it.

    `by_dmarc`: a trusted server found the domain genuine. `by_login`: the client logged in as this address.
    """

    email: str | None
    by_dmarc: bool = False
    by_login: bool = False


@dataclass(frozen=True, slots=True)
class Analysis:
    """Result of the analysis of one email.

    `sender` is who gets a reply. `verified` says whether the sender's address was authenticated, `of_team` whether it
    is an address of a team, which proves nothing: anyone can write it. `from_author` is who From names; only that
    counts for who may act. `by_person` says that a person wrote the email, rather than a machine that the admin accepts
    or an email that was released. `bounced_delivery` is the delivery whose envelope sender a machine writes to.
    `request` is what an email of an address of a team asks for by #new. `authentication` are the results of our own
    check, None without one. `address` is the one of our addresses that the email was written to, in lower case, ""
    where unknown. `by_team_list` says that a person wrote it, and that the list of a team brought it,
    `is_reaction` that it says no more than an emoji by which its author reacts to an email.
    """

    message: Message
    screening: Screening
    keys: Keys
    sender: Address | None
    verified: bool
    of_team: bool
    dsn: Dsn | None
    from_author: FromAuthor
    by_person: bool
    bounced_delivery: int | None = None
    request: NewTicketRequest | None = None
    authentication: tuple[str, ...] | None = None
    address: str = ""
    by_team_list: bool = False
    is_reaction: bool = False

    @property
    def sender_email(self) -> str | None:
        """Return the sender's address in lower case."""
        return _email_of(self.sender)

    @property
    def author(self) -> Author:
        """Return the sender as the search for a ticket needs it."""
        return Author(self.sender_email, self.verified, self.of_team)


def analyze(inbound: Inbound, identity: Identity, check: SenderCheck | None = None) -> Analysis:
    """Return the analysis of an email, with the result of our own check of its sender, if there was one."""
    message = parse(inbound.raw)
    today = inbound.envelope.received_at.date()
    screening, by_person, own_addresses = _screen(message, inbound, identity, today)
    sender = (
        hidden_author(message, own_addresses) or sender_of(message, own_addresses) or _envelope_sender(message, inbound)
    )
    delivery = bounced_delivery(message, inbound, identity.keys)
    if delivery is not None and _is_silent_bounce(message, inbound, screening, sender):
        screening = Screening(SenderKind.BOUNCE, acknowledge=False, reasons=("null sender to a bounce address",))
    is_genuine = authenticated(message, _borders(inbound, identity)) or (check is not None and check.verified)
    from_author = _from_author(message, inbound.envelope.login, is_genuine=is_genuine)
    request = _request(message, inbound.raw, from_author, identity) if by_person else None
    return Analysis(
        message=message,
        screening=screening,
        keys=_keys(message, inbound, sender, identity, today),
        sender=sender,
        verified=_is_author(sender, message) and is_genuine,
        of_team=identity.is_in_team(_email_of(sender) or ""),
        dsn=_report(message, inbound, screening, is_marked=delivery is not None),
        from_author=from_author,
        by_person=by_person,
        bounced_delivery=delivery if screening.kind in REPORTS else None,
        request=request,
        authentication=check.results if check else None,
        address=identity.address_of(message, inbound, request.original if request else None),
        by_team_list=screening.kind is SenderKind.LIST
        and is_written_to_list(message, inbound.envelope, [team.address for team in identity.teams]),
        is_reaction=is_reaction(message),
    )


def _screen(
    message: Message, inbound: Inbound, identity: Identity, today: date
) -> tuple[Screening, bool, frozenset[str]]:
    """Screen an email, with the exceptions that the admin allows for our own groups and for known machines.

    Returns the screening, whether a person wrote the email, and our addresses with those of the group it came through.
    """
    own = OwnIdentity(identity.own_addresses, own_evidence(message, identity.keys, today))
    screening = screen(message, inbound.envelope, own)
    by_person = screening.kind is SenderKind.PERSON and inbound.source != HTTP
    if inbound.source == HTTP:
        screening = _of_request(screening)
    own_addresses = identity.own_addresses
    if screening.kind is SenderKind.LIST and (list_id := _our_list(message, identity.accepted_lists)):
        own_addresses |= posting_addresses(message)
        # Screened as if the list were one of our addresses: what a list adds shows no machine, an absence note does.
        inner = screen(message, inbound.envelope, OwnIdentity(own_addresses | {list_id}, own.evidence))
        by_person = inner.kind is SenderKind.PERSON
        screening = replace(inner, acknowledge=False, reasons=("came through our own list", *inner.reasons))
    if _is_accepted_machine(message, own_addresses, screening, inbound, identity):
        screening = Screening(SenderKind.PERSON, acknowledge=False, reasons=("accepted machine", *screening.reasons))
    return screening, by_person, own_addresses


def _keys(message: Message, inbound: Inbound, sender: Address | None, identity: Identity, today: date) -> Keys:
    """Return the keys to the ticket of an email. A request opens a ticket; what it quotes may only point to another."""
    keys = follow_up.find_keys(
        message,
        inbound.envelope.rcpt_tos,
        _email_of(sender),
        identity.keys,
        today,
        identity.reference_prefix,
        identity.teams,
    )
    return Keys(references=keys.references) if inbound.source == HTTP else keys


def _request(message: Message, raw: bytes, from_author: FromAuthor, identity: Identity) -> NewTicketRequest | None:
    """Return what #new asks for; only an address of a team may ask."""
    if not identity.is_in_team(from_author.email or ""):
        return None
    return read_request(message, raw, lambda email: email in identity.own_addresses or identity.is_in_team(email))


def needs_check(inbound: Inbound, analysis: Analysis, identity: Identity) -> bool:
    """Return whether we must check the sender of an email: a person's, from outside our own servers.

    For what machines send, nothing depends on who they are. A client that logged in is one of our own users.
    """
    if not identity.checks_senders or inbound.source not in OUR_LISTENER or inbound.envelope.login:
        return False
    from_outside = not _is_within(inbound.envelope.peer, identity.trusted_networks)
    return from_outside and analysis.screening.kind is SenderKind.PERSON


def _from_author(message: Message, login: str, *, is_genuine: bool) -> FromAuthor:
    email = follow_up.author_of(message)
    return FromAuthor(
        email,
        by_dmarc=email is not None and is_genuine,
        by_login=email is not None and bool(login) and comparable(login) == email,
    )


def bounced_delivery(message: Message, inbound: Inbound, keys: tuple[bytes, ...]) -> int | None:
    """Return the delivery whose envelope sender an email was sent to; an IMAP mailbox knows it by the header only."""
    headers = (value for name in follow_up.ADDRESS_HEADERS for value in message.headers.get(name, ())[:5])
    return verp.delivery_of((*inbound.envelope.rcpt_tos, *headers), keys)


def _is_silent_bounce(message: Message, inbound: Inbound, screening: Screening, sender: Address | None) -> bool:
    """Say whether an email to a bounce address is a bounce although nothing in it says so.

    A holiday note goes to the envelope sender too, with a null sender: it has a text and a person in From.
    """
    if screening.kind is not SenderKind.AUTO_REPLY or inbound.envelope.mail_from != "":
        return False
    return not message.text.strip() or is_unanswerable(_email_of(sender) or "")


def _report(message: Message, inbound: Inbound, screening: Screening, *, is_marked: bool) -> Dsn | None:
    """Return what a report says; a bounce to a marked address is one whatever its body says."""
    if screening.kind not in REPORTS:
        return None
    found = read_dsn(message, null_sender=inbound.envelope.mail_from == "")
    return found or (Dsn("dsn", (), "") if is_marked and screening.kind is SenderKind.BOUNCE else None)


def _of_request(screening: Screening) -> Screening:
    """Return the screening of an HTTP request: it opens a ticket, whatever it looks like."""
    answered = screening.kind is SenderKind.PERSON and screening.acknowledge
    return Screening(SenderKind.PERSON, answered, ("HTTP request", *screening.reasons))


def _borders(inbound: Inbound, identity: Identity) -> frozenset[str]:
    """Return the names of the border servers that this email came through: nobody else's results are believed."""
    if inbound.mailbox:
        border = identity.mailbox_borders.get(inbound.mailbox)
        return frozenset({border} if border else ())
    known = _is_within(inbound.envelope.peer, identity.trusted_networks)
    return identity.trusted_authserv_ids if known else frozenset()


def _is_within(peer: str, networks: Sequence[Network]) -> bool:
    address = _client(peer)
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=1024)
def _client(peer: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    # A socket that listens for both families shows an IPv4 client as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address


def _email_of(sender: Address | None) -> str | None:
    return sender.email.lower() if sender and sender.email else None


def _envelope_sender(message: Message, inbound: Inbound) -> Address | None:
    """Return the envelope sender of an email without any author in its header."""
    if message.from_ or message.sender or message.reply_to:
        return None
    email = canonical(inbound.envelope.mail_from or "")
    return Address("", email) if email else None


def _is_author(sender: Address | None, message: Message) -> bool:
    """Return whether a reply goes to From: authentication does not cover an address in Reply-To."""
    email = (sender.email if sender else None) or ""
    return [email.lower()] == [(author.email or "").lower() for author in message.from_]


def _sole_author(message: Message, inbound: Inbound) -> Address | None:
    """Return the only author; printers and power supplies may name none, but the Sender or the envelope sender."""
    named = message.from_ or message.sender
    return (named[0] if len(named) == 1 else None) if named else _envelope_sender(message, inbound)


def _is_accepted_machine(
    message: Message, own_addresses: frozenset[str], screening: Screening, inbound: Inbound, identity: Identity
) -> bool:
    """Return whether the admin lists the author as a machine that opens tickets.

    A forged From gains nothing: the ticket is never acknowledged. Reports about our own email and automatic answers to
    it stay what they are.
    """
    accepted = identity.accepted_machines
    if not accepted or screening.kind is SenderKind.OWN:
        return False
    if screening.kind is SenderKind.BOUNCE and _is_about_our_email(message, inbound, identity.keys):
        return False
    email = _email_of(hidden_author(message, own_addresses) or _sole_author(message, inbound)) or ""
    if not (email in accepted or f"@{domain_of(email)}" in accepted):
        return False
    return not (is_report(message) or is_automatic_answer(message))


def _is_about_our_email(message: Message, inbound: Inbound, keys: tuple[bytes, ...]) -> bool:
    """Return whether a bounce reports on an email: an alert about a mail server has the words of a bounce, too."""
    if any(map(is_mail_system, message.from_)) or bounced_delivery(message, inbound, keys) is not None:
        return True
    found = read_dsn(message, null_sender=inbound.envelope.mail_from == "")
    return found is not None and bool(found.recipients or found.original_message_id)


def _our_list(message: Message, accepted: frozenset[str]) -> str:
    """Return the List-Id if it is an accepted one, else ""."""
    identifier = list_identifier(message)
    return identifier if identifier in accepted else ""
