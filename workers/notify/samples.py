"""Made-up views that show every branch of the templates: for checks and for looking at."""

from typing import Final

from workers.notify.contexts import View, acknowledgement, team_mail
from workers.notify.excerpt import excerpt
from workers.notify.plan import MailKind

REFERENCE: Final = "HD-7K3Q-M9XW"
MARK: Final = "mfzwizltoqzgk5dfon2ceylcmrswmz3inf"
NEW: Final = """Hello,

since this morning our order 20931 shows as paid in my bank account, but your shop still says "payment pending".
Amount debited but not credited. Could you please have a look?

MailKind regards
Ann Lee"""
QUOTE: Final = """

On Mon, 2 Nov 2026 at 09:14, Shop <orders@shop.example> wrote:
> Thank you for your order.
> We ship as soon as the payment arrives."""
MODEL_SAYS: Final = ("Payments with confidence 0.92", 'words that weighed most: "debited", "credited", "order"')


def _sample(**changes: object) -> View:
    values: dict[str, object] = {
        "reference": REFERENCE,
        "support": "Example Support",
        "mark": MARK,
        "team": "PAYMENTS_TEAM",
        "category": "Payments",
        "priority": "High",
        "confidence": 0.92,
        "by": "model",
        "name": "Ann Lee",
        "email": "ann.lee@customer.example",
        "verified": True,
        "subject": "Payment failed",
        "excerpt": excerpt(NEW + QUOTE, NEW),
        "reasons": MODEL_SAYS,
        "alternatives": (("Technical", 0.05), ("General", 0.02)),
        "status": "OPEN",
    }
    return team_mail(**{**values, **changes})  # type: ignore[arg-type]


SAMPLES: Final[tuple[tuple[MailKind, View], ...]] = (
    (MailKind.ACKNOWLEDGEMENT, acknowledgement(REFERENCE, "Example Support", MARK, verified=False)),
    (
        MailKind.ACKNOWLEDGEMENT,
        acknowledgement(REFERENCE, "Example Support", MARK, verified=True, name="Ann Lee", subject="Payment failed"),
    ),
    (MailKind.NOTIFICATION, _sample()),
    (
        MailKind.NOTIFICATION,
        _sample(
            by="rule",
            confidence=1.0,
            verified=False,
            reasons=('the rule "debited" found "debited but not credited"',),
            related="HD-2B4D-KQ7P",
            files=(("bank statement.pdf", 182_000, True), ("screen recording.mp4", 48_000_000, False)),
            notes=("The same mail also came to billing@example.com.",),
            hint=True,
        ),
    ),
    (
        MailKind.NOTIFICATION,
        _sample(
            team="MANUAL_REVIEW",
            category="Technical",
            priority="Urgent",
            confidence=0.44,
            reasons=("two topics, Technical or Payments (confidence 0.44, needed 0.60: fixed threshold)",),
            alternatives=(("Payments", 0.39), ("Login", 0.11)),
            excerpt=excerpt("", ""),
            subject="",
            name="",
        ),
    ),
    (
        MailKind.NOTIFICATION,
        _sample(by="person", handed=True, reasons=("corrected by lee@example.com",), alternatives=()),
    ),
    (MailKind.FOLLOW_UP, _sample(status="WAITING", files=(("receipt.png", 51_000, True),))),
    (
        MailKind.FOLLOW_UP,
        _sample(status="OPEN", by="rule", verified=False, excerpt=excerpt("one\n" * 900, "one\n" * 900)),
    ),
)
