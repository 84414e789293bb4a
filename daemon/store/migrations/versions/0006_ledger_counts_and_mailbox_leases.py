"""Count the emails of the ledger; store who reads a mailbox, and which of its emails could not be read.

Revision: 0006.
"""

import sqlalchemy as sa
from alembic import op

from daemon.store import sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The emails that are there are counted as they are, in the blocks of daemon.store.ledger.
COUNT_EARLIER_EMAILS = """
INSERT INTO ledger_count (block, writer, emails, id_sum)
SELECT id / 1000, 'upgrade', count(*), sum(id) FROM inbound GROUP BY id / 1000
"""


def upgrade() -> None:
    """Upgrade by one revision."""
    op.create_table(
        "ledger_count",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("writer", sa.String(length=16), nullable=False),
        sa.Column("emails", sa.Integer(), nullable=False),
        sa.Column("id_sum", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "writer"),
    )
    op.execute(COUNT_EARLIER_EMAILS)
    op.create_table(
        "imap_lease",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "imap_unreadable",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sql.UtcDateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(length=255), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("imap_unreadable_once", "imap_unreadable", ["account", "folder", "uidvalidity", "uid"], unique=True)
