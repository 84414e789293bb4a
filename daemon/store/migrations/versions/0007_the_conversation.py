"""Store the conversation: answers of team members, and who answers a ticket, in which language, from which address.

Revision: 0007.
"""

import sqlalchemy as sa
from alembic import op

from daemon.store import sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade by one revision."""
    moment = sql.UtcDateTime(timezone=True)
    for column in (
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("wait_until", moment, nullable=True),
        sa.Column("first_answer_at", moment, nullable=True),
        sa.Column("resolved_at", moment, nullable=True),
        sa.Column("language", sa.String(length=16), server_default=sa.text("''"), nullable=False),
        sa.Column("address", sa.String(length=320), server_default=sa.text("''"), nullable=False),
    ):
        op.add_column("ticket", column)
    op.add_column("message", sa.Column("role", sa.String(16), server_default="customer", nullable=False))
    op.add_column("message", sa.Column("moved_from_id", sa.Integer(), nullable=True))
    op.add_column("message", sa.Column("authentication", sa.JSON(), nullable=True))
    op.add_column("job", sa.Column("snoozes", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=320), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("return_to", sa.String(length=320), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("answers_delivery_id", sa.Integer(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("settled_at", moment, nullable=True),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("team_copied", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("inline_parts", sa.JSON(), nullable=False),
        sa.Column("file_parts", sa.JSON(), nullable=False),
        sa.Column("quotes_customer", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("after_delivery_id", sa.Integer(), nullable=True),
        sa.Column("before_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"]),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.ForeignKeyConstraint(["answers_delivery_id"], ["delivery.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index("answer_by_ticket", "answer", ["ticket_id", "id"])
