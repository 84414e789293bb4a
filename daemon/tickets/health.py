"""Say what is wrong, from facts: pure. Each trouble has a key that stays the same while it lasts."""

from dataclasses import dataclass
from datetime import timedelta

from daemon.vocabulary import HealthFacts, Problem


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long each thing may take before it is trouble; None means for ever."""

    job: timedelta
    mailbox: timedelta
    no_mail: timedelta | None


def examine(facts: HealthFacts, patience: Thresholds) -> tuple[Problem, ...]:
    """Return what is wrong, in the order of weight."""
    return (*_flow(facts, patience), *_left_behind(facts), *_mailboxes(facts, patience))


def _flow(facts: HealthFacts, patience: Thresholds) -> list[Problem]:
    found = []
    if not facts.room:
        found.append(Problem("disk", "The disk is nearly full: mail is refused for now. Make room."))
    if facts.refused:
        found.append(
            Problem(
                "outgoing", f"The smarthost refuses our credentials ({facts.refused}): outgoing mail waits. Mend them."
            )
        )
    if facts.drifted:
        found.append(Problem("drift", f"Automatic routing was stopped: {facts.drifted}. See triaged stats triage."))
    if facts.oldest_due and facts.now - facts.oldest_due > patience.job:
        waits = _minutes(facts.now - facts.oldest_due)
        found.append(Problem("jobs", f"A job has been due for {waits}: does a worker run? See triaged jobs list."))
    if patience.no_mail and (facts.last_mail_at is None or facts.now - facts.last_mail_at > patience.no_mail):
        found.append(Problem("no-mail", f"No mail has come for {_minutes(patience.no_mail)}. Is the way in open?"))
    return found


def _left_behind(facts: HealthFacts) -> list[Problem]:
    found = []
    if facts.dead:
        found.append(Problem("dead", f"{facts.dead} jobs were given up. See triaged jobs list."))
    if facts.parked:
        found.append(Problem("parked", f"{facts.parked} mails are parked. See triaged parked list."))
    if facts.uncertain:
        found.append(
            Problem("uncertain", f"{facts.uncertain} mails went out twice without an answer. See triaged stats.")
        )
    return found


def _mailboxes(facts: HealthFacts, patience: Thresholds) -> list[Problem]:
    found = []
    for name, mailbox in sorted(facts.mailboxes.items()):
        if mailbox.polled_at is None or facts.now - mailbox.polled_at > patience.mailbox:
            why = mailbox.error or "no answer"
            since = _minutes(facts.now - mailbox.polled_at) if mailbox.polled_at else "ever"
            found.append(Problem(f"mailbox {name}", f"The mailbox {name} has not been read for {since}: {why}."))
    return found


def _minutes(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"  # noqa: PLR2004 - three hours
