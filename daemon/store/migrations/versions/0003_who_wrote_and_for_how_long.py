"""Store whether the team proved to have written an email, and until when a person takes part in a ticket.

Revision: 0003.
"""

import sqlalchemy as sa
from alembic import op

from daemon.store import sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade by one revision."""
    op.add_column("message", sa.Column("by_team", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("participant", sa.Column("until", sql.UtcDateTime(timezone=True), nullable=True))
    # Tokens proved who reads an address by 32 bits without a key, which anyone could forge: people prove it again.
    op.execute("UPDATE person SET verified_at = NULL")
