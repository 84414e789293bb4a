"""Sample tickets that cover every branch of the templates, for checks and tests."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from daemon.vocabulary import (
    MANUAL_REVIEW,
    DecidedBy,
    DecisionSnapshot,
    DigestLine,
    DigestSnapshot,
    FileSnapshot,
    MailKind,
    MessageSnapshot,
    TicketSnapshot,
)
from workers.notify.answer_view import AnswerMail, CleanHtml
from workers.notify.contexts import View, acknowledgement, digest, team_mail
from workers.notify.excerpt import Passage

REFERENCE: Final = "HD-7K3Q-M9XW"
MARK: Final = "mfzwizltoqzgk5dfon2ceylcmrswmz3inf"
SUPPORT: Final = "Example Support"
TEXT: Final = """Hello,

since this morning our order 20931 shows as paid in my bank account, but your shop still says "payment pending".
Amount debited but not credited. Could you please have a look?

Kind regards
Ann Lee

On Mon, 2 Nov 2026 at 09:14, Shop <orders@shop.example> wrote:
> Thank you for your order.
> We ship as soon as the payment arrives."""
MESSAGE: Final = MessageSnapshot(
    id=1,
    inbound_id=1,
    kind="person",
    acknowledge=True,
    verified=True,
    by_team=False,
    opening=True,
    message_id="<order-20931@customer.example>",
    subject="Payment failed",
    text=TEXT,
    length=len(TEXT),
    author="ann.lee@customer.example",
    author_name="Ann Lee",
    files=(),
)
DECISION: Final = DecisionSnapshot(
    id=1,
    by=DecidedBy.MODEL,
    actor=None,
    confidence=0.92,
    team="PAYMENTS_TEAM",
    reasons=("Payments with 92% confidence", 'most important words: "debited", "credited", "order"'),
    alternatives=(("Technical", 0.05), ("General", 0.02)),
    rule=None,
    model="m1",
    audit=False,
    first=True,
)
TICKET: Final = TicketSnapshot(
    ticket_id=1,
    reference=REFERENCE,
    status="OPEN",
    category="Payments",
    priority="High",
    confidence=0.92,
    team="PAYMENTS_TEAM",
    subject="Payment failed",
    silent=False,
    created_at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    related=None,
    requester="ann.lee@customer.example",
    requester_name="Ann Lee",
    trusted=True,
    message=MESSAGE,
    decision=DECISION,
)


def _team(ticket: TicketSnapshot, *, attached: Collection[int] = (), handed: bool = False, hint: bool = False) -> View:
    return team_mail(
        ticket,
        support=SUPPORT,
        mark=MARK,
        review_team=MANUAL_REVIEW,
        attached=attached,
        handed=handed,
        hint=hint,
    )


def _by_rule_with_files() -> View:
    files = (
        FileSnapshot(2, "bank statement.pdf", "application/pdf", 182_000),
        FileSnapshot(3, "screen recording.mp4", "video/mp4", 48_000_000),
    )
    reasons = ('the rule "debited" matched "debited but not credited"',)
    ticket = replace(
        TICKET,
        confidence=1.0,
        related="HD-2B4D-KQ7P",
        message=replace(MESSAGE, verified=False, files=files),
        decision=replace(DECISION, by=DecidedBy.RULE, reasons=reasons, audit=True),
    )
    return _team(ticket, attached={2}, hint=True)


def _for_review() -> View:
    reasons = ("two topics, Technical or Payments (44.0% confidence, 60.0% needed: fixed threshold)",)
    return _team(
        replace(
            TICKET,
            team=MANUAL_REVIEW,
            category="Technical",
            priority="Urgent",
            confidence=0.44,
            message=replace(MESSAGE, text="", length=0, subject="", author_name=""),
            decision=replace(DECISION, reasons=reasons, alternatives=(("Payments", 0.39), ("Login", 0.11))),
        )
    )


def _handed_over() -> View:
    decision = replace(
        DECISION, by=DecidedBy.PERSON, first=False, reasons=("corrected by lee@example.com",), alternatives=()
    )
    return _team(replace(TICKET, decision=decision), handed=True)


def _follow_up_with_a_file() -> View:
    file = FileSnapshot(2, "receipt.png", "image/png", 51_000)
    return _team(replace(TICKET, status="WAITING", message=replace(MESSAGE, files=(file,))), attached={2})


def _long_follow_up() -> View:
    text = "one\n" * 900
    message = replace(MESSAGE, verified=False, text=text, length=len(text))
    return _team(replace(TICKET, message=message, decision=replace(DECISION, by=DecidedBy.RULE)))


def _digest(tickets: int) -> View:
    lines = (
        DigestLine(REFERENCE, "Urgent", "Payments", "Payment failed", "ann.lee@customer.example", new=True),
        DigestLine("HD-2B4D-KQ7P", "Low", "General", "", "", new=False),
    )
    return digest(DigestSnapshot(lines, tickets), support=SUPPORT, mark=MARK, team="PAYMENTS_TEAM")


def _answer(*, quote: Passage, omitted: tuple[str, ...] = ()) -> View:
    return AnswerMail(
        reference=REFERENCE,
        support=SUPPORT,
        mark=MARK,
        subject="Payment failed",
        text=Passage("Hello Ann,\n\nyour payment has arrived.\n\nKind regards\nAna"),
        html=CleanHtml("<p>Hello Ann,</p><p>your <b>payment</b> has arrived.</p><p>Kind regards<br>Ana</p>"),
        who="Ann Lee",
        when="2 November 2026 at 09:30 UTC",
        quote=quote,
        omitted=omitted,
    )


SAMPLES: Final[tuple[tuple[MailKind, View], ...]] = (
    (MailKind.ACKNOWLEDGEMENT, acknowledgement(REFERENCE, SUPPORT, MARK, verified=False)),
    (
        MailKind.ACKNOWLEDGEMENT,
        acknowledgement(REFERENCE, SUPPORT, MARK, verified=True, name="Ann Lee", subject="Payment failed"),
    ),
    (MailKind.NOTIFICATION, _team(TICKET)),
    (MailKind.NOTIFICATION, _by_rule_with_files()),
    (MailKind.NOTIFICATION, _for_review()),
    (MailKind.NOTIFICATION, _handed_over()),
    (MailKind.FOLLOW_UP, _follow_up_with_a_file()),
    (MailKind.FOLLOW_UP, _long_follow_up()),
    (MailKind.DIGEST, _digest(2)),
    (MailKind.DIGEST, _digest(700)),
    (MailKind.ANSWER, _answer(quote=Passage(TEXT, "12 more lines"), omitted=("screen recording.mp4",))),
    (MailKind.ANSWER, _answer(quote=Passage())),
)
