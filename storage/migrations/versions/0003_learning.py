"""What an outcome taught: whether it helped for good, and the record of it that other programs read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")


def upgrade() -> None:
    came_back = "when the same failure came back within the watch"
    op.add_column("outcomes", sa.Column("success", sa.Boolean(), nullable=True, comment="null where nobody can know"))
    op.add_column("outcomes", sa.Column("recurred_at", TIME, nullable=True, comment=came_back))
    op.add_column("outcomes", sa.Column("learning_feedback", sa.JSON(), nullable=True))
    op.create_index("ix_outcomes_action_id", "outcomes", ["action", "id"])
    outcomes = sa.table("outcomes", sa.column("judgement", sa.String), sa.column("success", sa.Boolean))
    for judgement, success in (("worked", True), ("failed", False)):
        op.execute(outcomes.update().where(outcomes.c.judgement == judgement).values(success=success))
