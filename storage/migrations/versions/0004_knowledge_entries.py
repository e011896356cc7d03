"""What people keep in the knowledge base."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.String(191)
LINE = sa.String(500)
LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
JSON = sa.JSON(none_as_null=True)
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
BYTE_FOR_BYTE: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "knowledge_entries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", LINE, nullable=False),
        sa.Column("description", LONG, nullable=False),
        sa.Column("category", KEY, nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("error_patterns", JSON, nullable=False),
        sa.Column("solution_steps", JSON, nullable=False),
        sa.Column("automated_actions", JSON, nullable=False),
        sa.Column("success_rate", sa.Double(), nullable=True),
        sa.Column("related_services", JSON, nullable=False),
        sa.Column("last_used", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("proposed", sa.Boolean(), nullable=False),
        sa.Column("revision", COUNT, nullable=False, comment="grows with every change of any entry"),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge_entries"),
        **BYTE_FOR_BYTE,
    )
    op.create_index("ix_knowledge_entries_revision_id", "knowledge_entries", ["revision", "id"])
    op.execute("INSERT INTO counters (name, value) VALUES ('knowledge', 0)")
