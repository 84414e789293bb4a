"""Judge the health of the system from facts: pure. The key of a problem stays the same while it lasts."""

from dataclasses import dataclass
from datetime import timedelta

from daemon.facts import HealthFacts, Problem


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long a job may wait, a mailbox stay unread, and no mail arrive (None: for ever) before it is a problem.

    `limited` is the number of acknowledgements that limits may suppress within an hour.
    """

    job: timedelta
    mailbox: timedelta
    no_mail: timedelta | None
    limited: int


# Not one of the facts, which are in that database.
DATABASE_LOST = Problem(
    "database",
    "The database file was removed or replaced while triaged runs: mail is refused for now (451). "
    "Bring the file back, or restore it and restart triaged.",
)


def examine(facts: HealthFacts, thresholds: Thresholds) -> tuple[Problem, ...]:
    """Return the problems, the most important first."""
    return (
        *_flow(facts, thresholds),
        *facts.reported,
        *_limits(facts, thresholds),
        *_given_up(facts),
        *_mailboxes(facts, thresholds),
    )


def logins_refused(number: int, addresses: int) -> Problem:
    """Return the problem that somebody guesses passwords, which only the listener sees."""
    return Problem(
        "logins",
        f"{number} SMTP logins were refused within an hour, from {addresses} addresses: does somebody guess passwords? "
        "Find the addresses in the log (smtp login refused), and block them.",
    )


def _flow(facts: HealthFacts, thresholds: Thresholds) -> list[Problem]:
    found, process = [], facts.process
    if not process.room:
        found.append(
            Problem(
                "disk",
                "The disk is nearly full or cannot be read: mail is refused for now. Make room, or bring it back.",
            )
        )
    if process.refused:
        found.append(
            Problem(
                "outgoing",
                f"The smarthost refuses our credentials ({process.refused}): outgoing mail waits. "
                "Correct them, and restart triaged.",
            )
        )
    if process.drifted:
        found.append(Problem("drift", f"Automatic routing was stopped: {process.drifted}. See triaged stats triage."))
    if process.unusable:
        found.append(
            Problem(
                "model",
                f"Rules alone decide: {process.unusable}. Run triaged train, or triaged models rollback.",
            )
        )
    if process.outdated:
        found.append(Problem("model", f"{process.outdated}. Run triaged train."))
    if process.unencoded:
        found.append(
            Problem(
                "encoder",
                f"Triage works without the sentence encoder: {process.unencoded}. Then restart triaged.",
            )
        )
    if facts.oldest_due and facts.now - facts.oldest_due > thresholds.job:
        waits = _minutes(facts.now - facts.oldest_due)
        found.append(Problem("jobs", f"A job has been due for {waits}: does a worker run? See triaged jobs list."))
    # A new installation has as long to get its first email.
    since = facts.last_mail_at or facts.installed_at
    if thresholds.no_mail and (since is None or facts.now - since > thresholds.no_mail):
        found.append(
            Problem("no-mail", f"No mail has come for {_minutes(thresholds.no_mail)}. Can the listener be reached?")
        )
    return found


def _limits(facts: HealthFacts, thresholds: Thresholds) -> list[Problem]:
    found = []
    if facts.deferred:
        found.append(
            Problem(
                "deferred",
                f"{_number(facts.deferred, 'acknowledgement')} must wait until an hourly limit allows more:"
                " a busy day, or a flood of forged senders. Close what is no ticket. See triaged stats.",
            )
        )
    if facts.limited > thresholds.limited:
        found.append(
            Problem(
                "limited",
                f"Limits suppressed {_number(facts.limited, 'acknowledgement')} within an hour:"
                " somebody may forge senders. See triaged stats.",
            )
        )
    return found


def _given_up(facts: HealthFacts) -> list[Problem]:
    found = []
    if facts.dead:
        found.append(Problem("dead", f"{_number(facts.dead, 'job')} failed for good. See triaged jobs list."))
    if facts.parked:
        found.append(
            Problem("parked", f"{_number(facts.parked, 'email')} could not be processed. See triaged parked list.")
        )
    if facts.unreadable:
        found.append(
            Problem(
                "unreadable",
                f"{_number(facts.unreadable, 'email')} in mailboxes could not be read. See triaged imap unreadable.",
            )
        )
    if facts.uncertain:
        found.append(
            Problem(
                "uncertain",
                f"{_number(facts.uncertain, 'email')} went to the mail server twice without an answer: "
                "each may have arrived or not, and is not sent again. See triaged deliveries list.",
            )
        )
    if facts.webhooks:
        names = ", ".join(facts.webhooks)
        found.append(
            Problem(
                "webhooks",
                f"Disabled after failures for days: webhook {names}. See triaged webhooks show, then enable or remove.",
            )
        )
    if facts.unanswered:
        found.append(
            Problem(
                "unanswered",
                f"{_number(facts.unanswered, 'email')} went to the mail server, and no answer came: each is sent once "
                "more after hours. Does the mail server hang? See triaged deliveries list --state sending.",
            )
        )
    return found


def _mailboxes(facts: HealthFacts, thresholds: Thresholds) -> list[Problem]:
    found = []
    for name, mailbox in sorted(facts.mailboxes.items()):
        if mailbox.polled_at is None or facts.now - mailbox.polled_at > thresholds.mailbox:
            span = (
                f"not been read for {_minutes(facts.now - mailbox.polled_at)}"
                if mailbox.polled_at
                else "never been read"
            )
            found.append(Problem(f"mailbox {name}", f"The mailbox {name} has {span}: {mailbox.error or 'no answer'}."))
    return found


def _number(count: int, noun: str) -> str:
    """Return a count with its noun; the sentences around it suit one and many."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _minutes(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return _number(minutes, "minute") if minutes < 180 else f"{minutes // 60} hours"  # noqa: PLR2004 - three hours
