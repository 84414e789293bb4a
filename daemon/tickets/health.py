"""Judge the health of the system from facts: pure. The key of a problem stays the same while it lasts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from daemon.facts import HealthFacts, OutgoingFacts, Problem, ProcessFacts


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
        *_of_process(facts.process),
        *_waiting(facts, thresholds),
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


def _of_process(process: ProcessFacts) -> Iterator[Problem]:
    if not process.room:
        yield Problem(
            "disk", "The disk is nearly full or cannot be read: mail is refused for now. Make room, or bring it back."
        )
    yield from _outgoing(process.outgoing)
    if process.drifted:
        yield Problem("drift", f"Automatic routing was stopped: {process.drifted}. See triaged stats triage.")
    if process.unusable:
        yield Problem(
            "model", f"Rules alone decide: {process.unusable}. Run triaged train, or triaged models rollback."
        )
    elif process.damaged:
        yield Problem(
            "model",
            f"The model was damaged, or changed by somebody else, and another one was trained in its place: "
            f"{process.damaged}. Check the disk, and who can write to the directory of the models.",
        )
    if process.outdated:
        yield Problem("model", f"{process.outdated}. Run triaged train.")
    if process.unencoded:
        yield Problem(
            "encoder",
            f"Triage works without the sentence encoder: {process.unencoded}. Then restart triaged. Until then no new "
            "model replaces one that was trained with it.",
        )


def _waiting(facts: HealthFacts, thresholds: Thresholds) -> Iterator[Problem]:
    if facts.oldest_due and facts.now - facts.oldest_due > thresholds.job:
        waits = _minutes(facts.now - facts.oldest_due)
        yield Problem("jobs", f"A job has been due for {waits}: does a worker run? See triaged jobs list.")
    # A new installation has as long to get its first email.
    since = facts.last_mail_at or facts.installed_at
    if thresholds.no_mail and (since is None or facts.now - since > thresholds.no_mail):
        yield Problem("no-mail", f"No mail has come for {_minutes(thresholds.no_mail)}. Can the listener be reached?")


def _outgoing(facts: OutgoingFacts) -> Iterator[Problem]:
    if facts.refused:
        yield Problem(
            "outgoing",
            f"The mail server refuses our login ({facts.refused}): all email through it waits. Correct username "
            "and password in [outgoing], and restart triaged: then it goes out at once.",
        )
    if facts.refused_sender:
        yield Problem(
            "sender",
            f"The mail server refuses our address, or does not relay for us ({facts.refused_sender}): such emails "
            "wait for limits.delivery_days. Allow both there, or correct the login or the address; a reload of "
            "triaged tries at once.",
        )
    if facts.unreached:
        yield Problem(
            "unreached",
            f"The mail server has taken no email for 10 minutes ({facts.unreached}): all email through it waits, "
            "and goes out by itself once it is back. See triaged check.",
        )


def _limits(facts: HealthFacts, thresholds: Thresholds) -> Iterator[Problem]:
    if facts.deferred:
        yield Problem(
            "deferred",
            f"{_number(facts.deferred, 'acknowledgement')} must wait until an hourly limit allows more:"
            " a busy day, or a flood of forged senders. Close what is no ticket. See triaged stats.",
        )
    if facts.limited > thresholds.limited:
        yield Problem(
            "limited",
            f"Limits suppressed {_number(facts.limited, 'acknowledgement')} within an hour:"
            " somebody may forge senders. See triaged stats.",
        )


def _given_up(facts: HealthFacts) -> Iterator[Problem]:
    if facts.dead:
        yield Problem("dead", f"{_number(facts.dead, 'job')} failed for good. See triaged jobs list.")
    if facts.parked:
        yield Problem("parked", f"{_number(facts.parked, 'email')} could not be processed. See triaged parked list.")
    if facts.unreadable:
        yield Problem(
            "unreadable",
            f"{_number(facts.unreadable, 'email')} in mailboxes could not be read. See triaged imap unreadable.",
        )
    if facts.uncertain:
        yield Problem(
            "uncertain",
            f"{_number(facts.uncertain, 'email')} went to the mail server twice without an answer: "
            "each may have arrived or not, and is not sent again. See triaged deliveries list.",
        )
    if facts.webhooks:
        names = ", ".join(facts.webhooks)
        yield Problem(
            "webhooks",
            f"Disabled after failures for days: webhook {names}. See triaged webhooks show, then enable or remove.",
        )
    if facts.unanswered:
        yield Problem(
            "unanswered",
            f"{_number(facts.unanswered, 'email')} went to the mail server, and no answer came: each is sent once "
            "more after hours. Does the mail server hang? See triaged deliveries list --state sending.",
        )


def _mailboxes(facts: HealthFacts, thresholds: Thresholds) -> Iterator[Problem]:
    for name, mailbox in sorted(facts.mailboxes.items()):
        at = mailbox.polled_at
        if at is None or facts.now - at > thresholds.mailbox:
            span = "never been read" if at is None else f"not been read for {_minutes(facts.now - at)}"
            yield Problem(f"mailbox {name}", f"The mailbox {name} has {span}: {mailbox.error or 'no answer'}.")


def _number(count: int, noun: str) -> str:
    """Return a count with its noun; the sentences around it suit one and many."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _minutes(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return _number(minutes, "minute") if minutes < 180 else f"{minutes // 60} hours"  # noqa: PLR2004 - three hours
