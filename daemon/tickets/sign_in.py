"""Sign people in to the pages: who may, the links by email, and the sessions that they begin."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from config.settings import Settings
from daemon.mail.roster import Team, comparable, teams_of
from daemon.store import deliveries, events, jobs, web_sessions
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.vocabulary import MailKind, Subject, SubjectKind

LINK_MINUTES: Final = 15
LINK_LIFETIME: Final = timedelta(minutes=LINK_MINUTES)
HOUR: Final = timedelta(hours=1)
# A person asks once; more are a program, or somebody who wants to fill an inbox.
LINKS_PER_HOUR: Final = 5
ALL_LINKS_PER_HOUR: Final = 100
LONGEST_TOKEN: Final = 100
# The person who started triaged on a terminal, and used the link that it printed there.
OPERATOR: Final = ""


class Role(StrEnum):
    """What somebody may do on the pages: look, work on tickets, or change how the system works."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Say whether this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class People:
    """Who may sign in, and as what. Addresses are in the form in which they are compared."""

    admin: str | None
    teams: tuple[Team, ...]
    viewers: Team

    @classmethod
    def of(cls, settings: Settings) -> "People":
        """Return those whom the settings name."""
        admin = settings.service.admin
        teams = tuple(Team.of(team.name, team.email, team.members) for team in settings.teams)
        return cls(comparable(admin) if admin else None, teams, Team.of("", "", settings.http.viewers))

    def role_of(self, email: str) -> Role | None:
        """Return the role of an address in its comparable form, None where nobody with it may sign in."""
        if email in (OPERATOR, self.admin):
            return Role.ADMIN
        if self.team_of(email) is not None:
            return Role.MEMBER
        return Role.VIEWER if self.viewers.includes(email) else None

    def team_of(self, email: str, present: str | None = None) -> str | None:
        """Return the team for which somebody acts: the present one of the ticket if it is theirs, else their first."""
        names = [team.name for team in teams_of(email, self.teams)]
        return present if present in names else (names[0] if names else None)


def digest_of(secret: str) -> str:
    """Return what is stored of the secret in a cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_of(link_id: int, nonce: str, key: bytes) -> str:
    """Return the token in a link."""
    return f"{link_id}.{hmac.digest(key, f'sign-in {link_id} {nonce}'.encode(), 'sha256').hex()}"


def request_link(
    session: Session, people: People, email: str, browser: str, base: str, domain: str, now: datetime
) -> tuple[Offer, ...]:
    """Send a link to an address that may sign in; do nothing for another, or for one that asked too often.

    `browser` is the digest of the cookie of the browser that asks, `domain` that of the Message-ID. The page that
    answers says the same in each case.
    """
    wanted = comparable(email)
    if people.role_of(wanted) is None or wanted == OPERATOR:
        return ()
    since = now - HOUR
    if web_sessions.links_since(session, since, wanted) >= LINKS_PER_HOUR:
        return ()
    if web_sessions.links_since(session, since) >= ALL_LINKS_PER_HOUR:
        return ()
    link = web_sessions.add_link(session, wanted, _nonce(), browser, base, now, now + LINK_LIFETIME)
    planned = NewDelivery(
        cause=Subject(SubjectKind.SIGN_IN, link),
        kind=MailKind.SIGN_IN,
        recipient=wanted,
        ticket_id=None,
        message_id=f"<sign-in.{secrets.token_hex(16)}@{domain}>",
        state=DeliveryState.PLANNED,
        reason="",
        now=now,
        verified=True,
    )
    [delivery] = deliveries.add(session, [planned])
    if delivery is None:
        return ()
    events.add(session, "sign-in requested", now, actor=wanted)
    return tuple(jobs.add(session, [NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, delivery), now)]))


def operator_link(session: Session, base: str, key: bytes, now: datetime) -> str:
    """Return a link to print on the terminal; it signs in once, in any browser, as an admin."""
    nonce = _nonce()
    link = web_sessions.add_link(session, OPERATOR, nonce, None, base, now, now + LINK_LIFETIME)
    return link_of(base, token_of(link, nonce, key))


def link_of(base: str, token: str) -> str:
    """Return the URL of a link."""
    return f"{base.rstrip('/')}/ui/sign-in/{token}"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that began: who is signed in, and the secret of its cookie."""

    email: str
    secret: str


def redeem(
    session: Session,
    token: str,
    browser: str,
    keys: tuple[bytes, ...],
    people: People,
    now: datetime,
    lifetime: timedelta,
) -> SignedIn | None:
    """Begin a session by a link, which is used up; None if it is wrong, used, expired, or of another browser."""
    link = check(session, token, browser, keys, now)
    if link is None or people.role_of(link.email) is None or not web_sessions.use_link(session, link.id, now):
        return None
    return _begin(session, link.email, now, lifetime, "link")


def begin_verified(session: Session, email: str, people: People, now: datetime, lifetime: timedelta) -> SignedIn | None:
    """Begin a session for an address that an OpenID provider verified; None where nobody with it may sign in."""
    known = comparable(email)
    if known == OPERATOR or people.role_of(known) is None:
        return None
    return _begin(session, known, now, lifetime, "oidc")


def _begin(session: Session, email: str, now: datetime, lifetime: timedelta, by: str) -> SignedIn:
    # The cookie is new: one that somebody planted before the sign-in is worth nothing.
    secret = _nonce()
    web_sessions.add(session, digest_of(secret), email, now, now + lifetime)
    events.add(session, "signed in", now, actor=email or "operator", by=by)
    return SignedIn(email, secret)


def check(
    session: Session, token: str, browser: str, keys: tuple[bytes, ...], now: datetime
) -> web_sessions.SignInLink | None:
    """Return the link of a token if it would sign in this browser."""
    number, _, _ = token.partition(".")
    if len(token) > LONGEST_TOKEN or not token.isascii() or not number.isdecimal() or len(number) > 9:  # noqa: PLR2004 - fits every integer column
        return None
    link = web_sessions.find_link(session, int(number), now)
    if link is None or not any(hmac.compare_digest(token, token_of(link.id, link.nonce, key)) for key in keys):
        return None
    same = link.browser is None or hmac.compare_digest(link.browser, browser)
    return link if same else None


def sign_out(session: Session, secret: str, email: str, now: datetime) -> None:
    """End one session."""
    web_sessions.end(session, digest_of(secret), now)
    events.add(session, "signed out", now, actor=email or "operator")


def sign_out_everywhere(session: Session, email: str, now: datetime) -> int:
    """End all sessions of a person, and return how many."""
    number = web_sessions.end_all(session, email, now)
    events.add(session, "signed out everywhere", now, actor=email or "operator", sessions=number)
    return number


def _nonce() -> str:
    return secrets.token_urlsafe(32)
