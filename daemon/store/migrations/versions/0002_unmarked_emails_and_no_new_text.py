"""Store which emails are still to be marked in their mailboxes; drop the new text of messages.

Revision: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade by one revision."""
    # Some databases of revision 0001 have this table already.
    if not sa.inspect(op.get_bind()).has_table("imap_unmarked"):
        op.create_table(
            "imap_unmarked",
            sa.Column("account", sa.String(length=64), nullable=False),
            sa.Column("folder", sa.String(length=255), nullable=False),
            sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
            sa.Column("uid", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint("account", "folder", "uidvalidity", "uid"),
        )
    op.drop_column("message", "reply")
