"""${message}.

Revision: ${up_revision}, after ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op

from daemon.store import sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade by one revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade by one revision."""
    ${downgrades if downgrades else "pass"}
