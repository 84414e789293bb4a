"""Sample tickets, answers and background, for checks of the templates and for tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from daemon.snapshots import (
    Background,
    DecisionSnapshot,
    EarlierAnswer,
    EarlierMessage,
    EarlierTicket,
    MergedCustomer,
    MessageSnapshot,
    SimilarTicket,
    StoredAnswer,
    TicketSnapshot,
)
from daemon.vocabulary import MANUAL_REVIEW, AnswerState, DecidedBy, MessageRole, Status
from workers.notify.links import ButtonTarget

REFERENCE: Final = "HD-7K3Q-M9XY"
MARK: Final = "mfzwizltoqzgk5dfon2ceylcmrswmz3inf"
TO: Final = ButtonTarget(f"support+{MARK}@example.com", REFERENCE)
PLAIN: Final = ButtonTarget("support@example.com", REFERENCE, MARK)
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
    authentication=("dmarc=pass (customer.example, dkim)", "spf=fail (customer.example)"),
    copied=("bob.reis@customer.example", "carol@partner.example"),
    copied_hear=True,
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
UNDECIDED: Final = replace(
    TICKET,
    team=MANUAL_REVIEW,
    category="Technical",
    confidence=0.44,
    decision=replace(DECISION, alternatives=(("Payments", 0.39), ("Login", 0.11))),
)
NOON: Final = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BACKGROUND: Final = Background(
    tickets=(
        EarlierTicket("HD-4T6W-ZQ3X", "Invoice for October", Status.RESOLVED, datetime(2026, 10, 21, tzinfo=UTC)),
        EarlierTicket("HD-9C2V-JN5T", "", Status.OPEN, datetime(2026, 10, 14, tzinfo=UTC)),
        EarlierTicket("HD-3F8R-YB78", "Login", Status.CLOSED, datetime(2025, 1, 5, tzinfo=UTC)),
    ),
    messages=(
        EarlierMessage(MessageRole.NOTE, "Ben Roth", NOON, "The bank confirms the payment."),
        EarlierMessage(MessageRole.ANSWER, "Ana Silva", NOON, "Hello Ann,\n\ncould you send us the receipt?\n\nAna"),
        EarlierMessage(MessageRole.CUSTOMER, "Ann Lee", NOON, "word\n" * 20),
    ),
    similar=(
        SimilarTicket(7, "HD-5H8N-WR2Q", "Payments", "Ben Roth", 7_300),
        SimilarTicket(5, "HD-6M4X-TQ93", "Payments", "", 260_000),
        SimilarTicket(3, "HD-8B3D-KV7R", "Technical", "", None),
    ),
)
ANSWER: Final = StoredAnswer(
    id=1,
    state=AnswerState.SENT,
    cause=None,
    details=(),
    author="ana@example.com",
    author_name="Ana Silva",
    team="PAYMENTS_TEAM",
    return_to=None,
    text="Hello Ann,\n\nwe found your payment and booked it.\n\nKind regards\nAna",
    html="",
    recipients=("ann.lee@customer.example",),
    team_copied=False,
    inline_parts=(),
    file_parts=(),
    quotes_customer=False,
    created_at=NOON,
    settled_at=NOON,
)
MERGED: Final = (MergedCustomer("bo@customer.example", "Bo Lee", 5, "HD-5B4D-KQ7G", "Payment twice"),)
BEFORE: Final = EarlierAnswer("ben@example.com", NOON, "Hello Ann,\n\nplease send us the receipt.\n\nBen")
