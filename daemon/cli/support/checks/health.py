"""Say how what is running does: waiting jobs, mailboxes, what was given up."""

from collections.abc import Iterator
from datetime import datetime

from config.settings import Settings
from daemon.cli.support import context
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from daemon.store.queries import health
from daemon.system.clock import SystemClock
from daemon.system.disk import FreeSpace
from daemon.tickets.health import examine
from daemon.vocabulary import Problem
from workers.policies import thresholds

# Troubles that somebody should look at, but that hold nothing up.
LEFT_BEHIND = frozenset({"dead", "parked", "uncertain", "no-mail"})


def live(settings: Settings) -> Iterator[Finding]:
    """Yield each trouble, or that there is none; what holds mail up is a failure."""
    try:
        troubles, last = _troubles(settings)
    except context.Failure as error:
        yield fail("health", error.message, "triaged check tells more", temporary=True)
        return
    for trouble in troubles:
        held_up = trouble.key not in LEFT_BEHIND
        yield fail("health", trouble.text, "", temporary=True) if held_up else warn("health", trouble.text, "")
    if not troubles:
        said = f"the last mail came at {last:%Y-%m-%d %H:%M:%S} UTC" if last else "no mail yet"
        yield ok("health", f"nothing waits too long; {said}")


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield the same as warnings: where nothing runs yet, nothing can be healthy."""
    try:
        troubles, _ = _troubles(settings)
    except context.Failure:
        return
    for trouble in troubles:
        yield warn("health", trouble.text, "")


def _troubles(settings: Settings) -> tuple[tuple[Problem, ...], datetime | None]:
    with context.store(settings) as store, store.read() as session:
        state = settings.service.state_dir
        room = not state.is_dir() or FreeSpace(state, settings.limits.free_bytes)()
        facts = health.facts(session, SystemClock().now(), [mailbox.name for mailbox in settings.imap], room=room)
    return examine(facts, thresholds(settings)), facts.last_mail_at
