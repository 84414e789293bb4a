"""Count deliveries by mailbox and by whether the recipient is verified; link notifications to their digest.

Revision: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LINKED = sa.text("digest_id IS NOT NULL")


def upgrade() -> None:
    """Upgrade by one revision."""
    op.add_column("delivery", sa.Column("mailbox", sa.String(length=320), server_default=sa.text("''"), nullable=False))
    op.add_column("delivery", sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("delivery", sa.Column("digest_id", sa.Integer(), nullable=True))
    # Exact for all addresses but those with tags; they matter for a day only.
    op.execute("UPDATE delivery SET mailbox = recipient")
    op.drop_index("delivery_by_recipient", table_name="delivery")
    op.create_index("delivery_by_mailbox", "delivery", ["mailbox", "kind", "created_at"])
    op.create_index("delivery_by_digest", "delivery", ["digest_id"], sqlite_where=LINKED, postgresql_where=LINKED)
