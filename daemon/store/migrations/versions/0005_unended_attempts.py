"""Count the attempts of deliveries that nobody wrote the end of.

Revision: 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade by one revision."""
    op.add_column("delivery", sa.Column("unended", sa.Integer(), server_default="0", nullable=False))
