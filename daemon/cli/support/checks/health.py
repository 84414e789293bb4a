"""Check the health of the running system: waiting jobs, mailboxes, dead jobs and parked emails."""

from collections.abc import Iterator
from datetime import datetime

from config.settings import Settings
from daemon.cli.support import context
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from daemon.facts import Problem, ProcessFacts
from daemon.store.queries import health, lists
from daemon.system.clock import SystemClock
from daemon.system.disk import FreeSpace
from daemon.tickets.health import examine
from workers.policies import thresholds

# Problems that an admin should look at, but that delay no other email.
NOT_BLOCKING = frozenset(
    {
        "dead",
        "parked",
        "uncertain",
        "unanswered",
        "unreadable",
        "no-mail",
        "limited",
        "logins",
        "drift",
        "model",
        "encoder",
        "webhooks",
    }
)


def live(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per problem, or that there is none; a problem that delays emails is a failure."""
    try:
        problems, last = _problems(settings)
    except context.Failure as error:
        yield fail("health", error.message, "run `triaged check` for details", temporary=True)
        return
    for problem in problems:
        blocking = problem.key not in NOT_BLOCKING
        yield fail("health", problem.text, "", temporary=True) if blocking else warn("health", problem.text, "")
    if not problems:
        last_text = f"the last email came at {last:%Y-%m-%d %H:%M:%S} UTC" if last else "no email came yet"
        yield ok("health", f"no problems; {last_text}")


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield problems as warnings only: the daemon may not be running yet."""
    try:
        problems, _ = _problems(settings)
        teams, addresses = _removed(settings)
    except context.Failure:
        return
    for problem in problems:
        yield warn("health", problem.text, "")
    if teams:
        fallback = settings.triage.fallback_team
        yield warn(
            "tickets",
            f"{', '.join(teams)}: not configured, but with open tickets; {fallback} gets their emails",
            "list them with `triaged tickets list --team NAME`, and assign them with `triaged tickets assign`",
        )
    if addresses:
        yield warn(
            "tickets",
            f"{', '.join(addresses)}: not in support.addresses, but with open tickets; their emails come from "
            f"{settings.support.address}, and the listener refuses what customers reply to the earlier ones",
            "put the address back, after the main one, until its tickets are closed and no reply is to be expected",
        )


def _removed(settings: Settings) -> tuple[list[str], list[str]]:
    """Return the teams and the addresses that have open tickets and are not configured."""
    with context.store(settings) as store, store.read() as session:
        teams = lists.other_teams(session, [team.name for team in settings.teams])
        return teams, lists.other_addresses(session, settings.support.own)


def _problems(settings: Settings) -> tuple[tuple[Problem, ...], datetime | None]:
    with context.store(settings) as store, store.read() as session:
        state = settings.service.state_dir
        room = not state.is_dir() or FreeSpace(state, settings.limits.free_bytes)()
        facts = health.facts(session, SystemClock().now(), settings.folders, ProcessFacts(room=room), of_workers=True)
    return examine(facts, thresholds(settings)), facts.last_mail_at
