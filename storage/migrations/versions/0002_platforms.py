"""Chat platforms that are elsewhere: what each is still to be told, what was sent to it, and what was heard from it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.String(191)
WORD = sa.String(32)
LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
BYTE_FOR_BYTE: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    _untold()
    _deliveries()
    _heard()


def _untold() -> None:
    """Until now there was one listener, the web chat."""
    op.create_table(
        "untold",
        sa.Column("listener", WORD, nullable=False, comment="a chat platform"),
        sa.Column("event_id", COUNT, nullable=False, autoincrement=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_untold_event_id"),
        sa.PrimaryKeyConstraint("listener", "event_id", name="pk_untold"),
        **BYTE_FOR_BYTE,
    )
    op.execute("INSERT INTO untold (listener, event_id) SELECT 'web', id FROM events WHERE NOT told")
    op.drop_index("ix_events_told_id", "events")
    op.drop_column("events", "told")


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("platform", WORD, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("room", LONG, nullable=False),
        sa.Column("message", LONG, nullable=False, comment="empty until the platform has answered"),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("platform", "key", name="pk_deliveries"),
        **BYTE_FOR_BYTE,
    )
    op.create_index("ix_deliveries_at", "deliveries", ["at"])


def _heard() -> None:
    op.create_table(
        "heard",
        sa.Column("number", COUNT, autoincrement=True, nullable=False),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_heard"),
        sa.UniqueConstraint("platform", "id", name="uq_heard_platform_id"),
        **BYTE_FOR_BYTE,
    )
    op.create_index("ix_heard_at", "heard", ["at"])
    op.create_index("ix_heard_platform_answered_number", "heard", ["platform", "answered", "number"])
