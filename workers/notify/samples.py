"""Sample emails that cover every branch of the templates, for checks and tests."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from daemon.snapshots import (
    NO_BACKGROUND,
    Background,
    DigestLine,
    DigestSnapshot,
    FailedDelivery,
    FileSnapshot,
    StoredAnswer,
    TicketSnapshot,
)
from daemon.vocabulary import MANUAL_REVIEW, AnswerState, DecidedBy, MailKind, ReturnCause
from workers.notify.answer_view import AnswerMail, CleanHtml
from workers.notify.contexts import SignIn, View, acknowledgement, answered, digest, questions, returned, team_mail
from workers.notify.digest_view import digest_line
from workers.notify.excerpt import Passage
from workers.notify.links import ButtonTarget
from workers.notify.sample_tickets import (
    ANSWER,
    BACKGROUND,
    BEFORE,
    DECISION,
    MARK,
    MERGED,
    MESSAGE,
    PLAIN,
    REFERENCE,
    SUPPORT,
    TEXT,
    TICKET,
    TO,
    UNDECIDED,
)


def _team(
    ticket: TicketSnapshot,
    *,
    background: Background = NO_BACKGROUND,
    attached: Collection[int] = (),
    hint: bool = False,
) -> View:
    return team_mail(
        ticket,
        support=SUPPORT,
        mark=MARK,
        review_team=MANUAL_REVIEW,
        to=TO,
        background=background,
        attached=attached,
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
        related="HD-2B4D-KQ7D",
        message=replace(
            MESSAGE,
            verified=False,
            copied_more=7,
            copied_hear=False,
            files=files,
            authentication=("dmarc=fail (customer.example, policy reject)",),
        ),
        decision=replace(DECISION, by=DecidedBy.RULE, reasons=reasons, alternatives=(), audit=True),
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
            subject="",
            message=replace(MESSAGE, text="", length=0, subject="", author_name=""),
            decision=replace(DECISION, reasons=reasons, alternatives=(("Payments", 0.39), ("Login", 0.11))),
        ),
        background=BACKGROUND,
    )


def _handed_over() -> View:
    decision = replace(
        DECISION, by=DecidedBy.PERSON, first=False, reasons=("corrected by lee@example.com",), alternatives=()
    )
    return _team(replace(TICKET, decision=decision, requester=None, taken_by="ana@example.com"))


def _follow_up_with_a_file() -> View:
    file = FileSnapshot(2, "receipt.png", "image/png", 51_000)
    ticket = replace(TICKET, status="WAITING", taken_by="ana@example.com", message=replace(MESSAGE, files=(file,)))
    return _team(ticket, background=BACKGROUND, attached={2})


def _long_follow_up() -> View:
    text = "one\n" * 900
    unchecked = ("not checked: DNS did not answer",)
    message = replace(MESSAGE, verified=False, text=text, length=len(text), authentication=unchecked)
    ticket = replace(TICKET, message=message, decision=replace(DECISION, by=DecidedBy.RULE))
    return _team(ticket, background=Background(author_is_answered=True, merged=MERGED))


def _digest(tickets: int) -> View:
    lines = (
        DigestLine(
            1,
            REFERENCE,
            "Urgent",
            "Payments",
            "Payment failed",
            "ann.lee@customer.example",
            new=True,
            team="PAYMENTS_TEAM",
            alternatives=(("Technical", 0.06), ("Login", 0.02)),
        ),
        DigestLine(2, "HD-2B4D-KQ7D", "Low", "General", "", "", new=False, team=MANUAL_REVIEW, confidence=0.4),
    )
    # One of our addresses takes tokens, the other does not.
    shown = [digest_line(line, to, MANUAL_REVIEW, "") for line, to in zip(lines, (TO, PLAIN), strict=True)]
    return digest(DigestSnapshot(lines, tickets), tuple(shown), support=SUPPORT, mark=MARK, team="PAYMENTS_TEAM")


def _answer(*, quote: Passage, omitted: tuple[str, ...] = ()) -> View:
    return AnswerMail(
        reference=REFERENCE,
        support=SUPPORT,
        mark=MARK,
        subject="Payment failed",
        text=Passage("Hello Ann,\n\nyour payment has arrived.\n\nKind regards\nAna"),
        html=CleanHtml("<p>Hello Ann,</p><p>your <b>payment</b> has arrived.</p><p>Kind regards<br>Ana</p>"),
        who="Ann Lee",
        when=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        quote=quote,
        omitted=omitted,
    )


def _answered(answer: StoredAnswer, *, requester: str | None = None, taken_by: str = ANSWER.author) -> View:
    ticket = replace(TICKET, status="WAITING", taken_by=taken_by, requester=requester)
    merged = MERGED if answer.recipients else ()
    return answered(ticket, replace(answer, merged=merged), support=SUPPORT, mark=MARK, to=TO)


def _returned(cause: ReturnCause | None, *details: str, text: str = ANSWER.text, held: bool = False) -> View:
    answer = replace(
        ANSWER,
        state=AnswerState.HELD if held else AnswerState.RETURNED,
        cause=cause,
        details=details,
        text=text,
        before=BEFORE if cause is ReturnCause.ANSWERED_MEANWHILE else None,
        failure=None if cause else FailedDelivery("ann.lee@customer.example", "failed", "550 5.1.1 no such user"),
    )
    return returned(TICKET, answer, support=SUPPORT, mark=MARK, to=TO)


def _questions(*tickets: TicketSnapshot, to: ButtonTarget = TO, categories: Collection[str] = ()) -> View:
    known = ("Payments", "Technical", "Login", "General", *categories)
    asked = [(ticket, MARK, to) for ticket in tickets]
    return questions(asked, known, support=SUPPORT, mark=MARK, team=MANUAL_REVIEW)


SAMPLES: Final[tuple[tuple[MailKind, View], ...]] = (
    (MailKind.ACKNOWLEDGEMENT, acknowledgement(REFERENCE, SUPPORT, MARK, verified=False)),
    (
        MailKind.ACKNOWLEDGEMENT,
        acknowledgement(REFERENCE, SUPPORT, MARK, verified=True, name="Ann Lee", subject="Payment failed"),
    ),
    (MailKind.NOTIFICATION, _team(TICKET, background=BACKGROUND)),
    (MailKind.NOTIFICATION, _by_rule_with_files()),
    (MailKind.NOTIFICATION, _for_review()),
    (MailKind.NOTIFICATION, _handed_over()),
    (MailKind.FOLLOW_UP, _follow_up_with_a_file()),
    (MailKind.FOLLOW_UP, _long_follow_up()),
    (MailKind.FOLLOW_UP, _team(TICKET, background=Background(author_is_answered=False))),
    (MailKind.DIGEST, _digest(2)),
    (MailKind.DIGEST, _digest(700)),
    (MailKind.ANSWER, _answer(quote=Passage(TEXT, "12 more lines"), omitted=("screen recording.mp4",))),
    (MailKind.ANSWER, _answer(quote=Passage())),
    (MailKind.ANSWERED, _answered(ANSWER, requester="ann.lee@customer.example")),
    (MailKind.ANSWERED, _answered(replace(ANSWER, text="", details=("film.mp4",), recipients=()), taken_by="")),
    (MailKind.ANSWERED, _answered(replace(ANSWER, text="line\n" * 900), requester="ann.lee@customer.example")),
    (MailKind.RETURNED, _returned(ReturnCause.ANSWERED_MEANWHILE, held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.INTERNAL_TEXT, "a token of the team", held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.COPIED_TO_US, held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.FORWARDED, held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.QUOTES_CUSTOMER, held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.SENT_ALREADY, held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.TOO_MANY, held=True)),
    (MailKind.RETURNED, _returned(ReturnCause.EMPTY, text="")),
    (MailKind.RETURNED, _returned(ReturnCause.NO_READER)),
    (
        MailKind.RETURNED,
        _returned(
            ReturnCause.WRONG_COMMAND, "#clsoe", "There is no such command.", "#close", "#resolve", "#to ADDRESS"
        ),
    ),
    (MailKind.RETURNED, _returned(ReturnCause.REFUSED, "a ticket cannot be merged into itself")),
    (MailKind.RETURNED, _returned(ReturnCause.HELP)),
    (MailKind.RETURNED, _returned(ReturnCause.NOT_PROCESSED)),
    (
        MailKind.RETURNED,
        _returned(ReturnCause.NOT_AUTHENTICATED, "it was not handed in with the login of ana@example.com"),
    ),
    (MailKind.RETURNED, _returned(ReturnCause.UNCLEAR_TICKET)),
    (MailKind.RETURNED, _returned(ReturnCause.CORRECTS_ONLY, "#close", "text")),
    (MailKind.RETURNED, _returned(ReturnCause.EXPIRED)),
    (MailKind.RETURNED, _returned(ReturnCause.ENCRYPTED, text="")),
    (MailKind.RETURNED, _returned(ReturnCause.TOO_LONG, text="line\n" * 6000)),
    (MailKind.RETURNED, _returned(None, text="line\n" * 6000)),
    (MailKind.QUESTIONS, _questions(*[UNDECIDED] * 5, categories=("Orders & returns", "Wholesale"))),
    (
        MailKind.QUESTIONS,
        _questions(
            replace(
                UNDECIDED,
                decision=None,
                confidence=None,
                subject="",
                message=replace(MESSAGE, text="", author=None, author_name=""),
            ),
            to=ButtonTarget("support@example.com", REFERENCE, MARK),
        ),
    ),
    (MailKind.SIGN_IN, SignIn("Sign in", SUPPORT, MARK, "https://help.example.com/ui/sign-in/7.5f2c", 15)),
)
