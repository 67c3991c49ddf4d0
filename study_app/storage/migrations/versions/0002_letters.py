"""What the letters of the Williams squares stand for, drawn once for each study.

Revision 0002, after 0001. Studies that have begun keep the order of their protocol: null.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("protocol") as table:
        table.add_column(sa.Column("letters", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("protocol") as table:
        table.drop_column("letters")
