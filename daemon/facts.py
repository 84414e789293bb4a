"""Counts and facts that pure decisions are made from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from daemon.vocabulary import Disposition

# How our own check of a sender says that the domain in From did not send the email. With the policy "none" a domain
# asks for reports only, often because its own email fails.
FAILED: Final = "dmarc=fail"
NO_POLICY: Final = "policy none)"


def is_authors(results: Sequence[str] | None, *, verified: bool, proved_before: bool) -> bool:
    """Say whether an email is trusted to be its author's: authenticated, or of who has shown to read the address.

    That earlier proof does not count for an email that the domain in From disowns: anybody can write a customer's
    address. `results` are those of our own check.
    """
    disowned = any(one.startswith(FAILED) and not one.endswith(NO_POLICY) for one in results or ())
    return verified or (proved_before and not disowned)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What limits count an address by: the mailbox that it delivers to, and the domain that somebody registered."""

    address: str
    domain: str


@dataclass(frozen=True, slots=True)
class SendCounts:
    """Numbers of recently planned emails of one kind.

    Those to a mailbox count all; those to its domain and in all count unverified recipients only. `ordinary_day` is
    the number on an ordinary day to the unverified people of the domain, known where the domain is busy.
    """

    address_day: int = 0
    address_hour: int = 0
    domain_hour: int = 0
    hour: int = 0
    ordinary_day: int = 0


@dataclass(slots=True)
class RecentCounts:
    """Number of emails of a kind that were planned recently and not suppressed: by mailbox, by domain, and in all.

    A plan adds what it plans, so that the limits hold within a batch too.
    """

    kind: str
    by_address_day: Counter[str]
    by_address_hour: Counter[str]
    by_domain_hour: Counter[str]
    in_all_hour: int
    ordinary_days: Mapping[str, int] = field(default_factory=dict)

    def to(self, mailbox: Mailbox) -> SendCounts:
        """Return the counts that bind one more email to a mailbox."""
        return SendCounts(
            self.by_address_day[mailbox.address],
            self.by_address_hour[mailbox.address],
            self.by_domain_hour[mailbox.domain],
            self.in_all_hour,
            self.ordinary_days.get(mailbox.domain, 0),
        )

    def add(self, mailbox: Mailbox, *, verified: bool) -> None:
        """Count one more email to a mailbox."""
        self.by_address_day[mailbox.address] += 1
        self.by_address_hour[mailbox.address] += 1
        if not verified:
            self.by_domain_hour[mailbox.domain] += 1
            self.in_all_hour += 1


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """The state of a mailbox: when it was last read to its end, when its last email was stored, and its last error."""

    polled_at: datetime | None
    mail_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class OutgoingFacts:
    """What is wrong with our mail servers, each "" where nothing is, with the name of a further server.

    `refused` is the answer of one to our login, `refused_sender` that to our address, and `unreached` the reason why
    one has taken no email for long.
    """

    refused: str = ""
    refused_sender: str = ""
    unreached: str = ""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What only one process knows: its host, its mail servers and its model. A text is "" where nothing is wrong.

    `room` is false if the disk is nearly full. `drifted` says why automatic routing was stopped, `unencoded` why the
    sentence encoder is not used although it is enabled, `unusable` why the model in use cannot be loaded, `damaged`
    why the one before could not at the start, `outdated` which of its categories are not configured.
    """

    room: bool = True
    outgoing: OutgoingFacts = OutgoingFacts()
    drifted: str = ""
    unencoded: str = ""
    unusable: str = ""
    damaged: str = ""
    outdated: str = ""


NOTHING_WRONG: Final = ProcessFacts()


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """The state of the whole system at `now`.

    `dead` counts jobs, `parked` received emails, and `uncertain` and `unanswered` emails that were handed over to the
    mail server twice and once without an answer. `unreadable` counts emails that were skipped in mailboxes, `deferred`
    acknowledgements that wait for a limit, `limited` those that limits suppressed within the last hour. `oldest_due` is
    when the job that has waited longest became due. `process` is what the process that judges knows itself, `reported`
    are problems that others saw. `webhooks` are the webhooks that failed for days. `installed_at` is when our oldest
    signing key was made, at the first start or by the last revocation.
    """

    now: datetime
    oldest_due: datetime | None
    dead: int
    parked: int
    uncertain: int
    unreadable: int
    deferred: int
    limited: int
    unanswered: int
    last_mail_at: datetime | None
    mailboxes: Mapping[str, MailboxFacts]
    process: ProcessFacts = NOTHING_WRONG
    reported: "tuple[Problem, ...]" = ()
    webhooks: tuple[str, ...] = ()
    installed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """What happened on a day (UTC): emails by the state in which they ended, and suppressed acknowledgements."""

    day: date
    emails: Mapping[Disposition, int]
    suppressed: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the admin should know: a stable key, and a sentence that says what to do."""

    key: str
    text: str
