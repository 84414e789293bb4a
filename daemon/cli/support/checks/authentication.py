"""Check who may act for a team by email: which proof members need, and what that means."""

from collections.abc import Iterator
from typing import Final

from config.settings import Settings
from daemon.cli.support.checks.finding import Finding, ok, warn
from daemon.mail.roster import Team, comparable
from daemon.policies import demanded_authentication, dmarc_sources, own_authserv_id
from daemon.vocabulary import Authentication

WHAT: Final = "conversation"


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield one line on the authentication in force, as a warning where no member can satisfy it."""
    chosen = "auto" if settings.conversation.authentication == "auto" else "set"
    match demanded_authentication(settings):
        case Authentication.DMARC:
            yield _dmarc(settings, chosen)
        case Authentication.SUBMISSION:
            yield from _submission(settings)
        case Authentication.TOKEN:
            yield ok(
                WHAT,
                f"authentication token ({chosen}): a team's token and a member's From give power over a ticket, so "
                "whoever gets hold of a notification can write as a member",
            )


def _dmarc(settings: Settings, chosen: str) -> Finding:
    sources = [_named(settings, source) for source in dmarc_sources(settings)]
    if not sources:
        return warn(
            WHAT,
            "authentication dmarc, but no server's results are believed: all answers of members go back to the team",
            "set authentication.check, support.trusted_authserv_ids with smtp.trusted_networks, or border in [[imap]]",
        )
    return ok(
        WHAT,
        f"authentication dmarc ({chosen}), by {', '.join(sources)}: a member's email needs a team's token and a DMARC "
        "pass, else it goes back to the team",
    )


def _named(settings: Settings, source: str) -> str:
    """Return the name of a source of results, as ours where we check senders ourselves."""
    is_own = settings.authentication.check and source.lower() == own_authserv_id(settings)
    return f"our own check ({source})" if is_own else source


def _submission(settings: Settings) -> Iterator[Finding]:
    users = settings.smtp.users
    teams = [Team.of(team.name, team.email, team.members) for team in settings.teams]
    members = [user for user in users if any(team.includes(comparable(user)) for team in teams)]
    if not settings.smtp.enabled or not members:
        yield _no_login(settings)
        return
    yield ok(
        WHAT,
        "authentication submission: a member's email needs a team's token and an SMTP login as the address in "
        f"From ({len(members)} of smtp.users are members), else it goes back to the team",
    )
    if len(members) == len(users) and not settings.imap:
        yield warn(
            WHAT,
            "where smtp.users has names every client must log in, and here only members can: the listener refuses "
            "all email of customers",
            "add a user to smtp.users for the mail server that hands over the email of customers, or read "
            "it by [[imap]]",
        )


def _no_login(settings: Settings) -> Finding:
    missing = "no user of smtp.users is a member" if settings.smtp.users else "smtp.users is empty"
    if not settings.smtp.enabled:
        missing = "smtp.enabled is false, so nobody can log in"
    return warn(
        WHAT,
        f"authentication submission, but {missing}: all answers of members go back to the team",
        "add the members' addresses to smtp.users, and a user for the mail server that hands over the email of "
        "customers, since every client must log in then; or change conversation.authentication",
    )
