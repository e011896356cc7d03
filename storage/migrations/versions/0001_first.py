"""Everything there is at first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.String(191)
WORD = sa.String(32)
LINE = sa.String(500)
LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
BYTE_FOR_BYTE: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    _incidents()
    _events()
    _actions()
    _outcomes()
    _knowledge()
    _users()
    _identities()
    _conversations()
    _cursors()
    _posts()
    _counters()


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", LINE, nullable=False),
        sa.Column("description", LONG, nullable=True),
        sa.Column("service", KEY, nullable=True),
        sa.Column("severity", WORD, nullable=True),
        sa.Column("status", WORD, nullable=True),
        sa.Column("created_at", TIME, nullable=True),
        sa.Column("updated_at", TIME, nullable=True),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("ai_confidence", sa.Double(), nullable=True),
        sa.Column("predicted_resolution_time", sa.Integer(), nullable=True, comment="seconds"),
        sa.Column("assigned_to", KEY, nullable=True),
        sa.Column("resolution_method", LINE, nullable=True),
        sa.Column("root_cause", LONG, nullable=True),
        sa.Column("lessons_learned", LONG, nullable=True),
        sa.Column("fingerprint", KEY, nullable=False),
        sa.Column("active_fingerprint", KEY, nullable=True, comment="the fingerprint while active, else null"),
        sa.Column("waiting_for", WORD, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("active_fingerprint", name=op.f("uq_incidents_active_fingerprint")),
        sa.UniqueConstraint("number", name=op.f("uq_incidents_number")),
        **BYTE_FOR_BYTE,
    )
    op.create_index(op.f("ix_incidents_fingerprint_number"), "incidents", ["fingerprint", "number"])
    op.create_index(op.f("ix_incidents_status"), "incidents", ["status"])
    op.create_index(op.f("ix_incidents_waiting_for"), "incidents", ["waiting_for"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("incident_id", KEY, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_events_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("incident_id", "sequence", name=op.f("uq_events_incident_id_sequence")),
        **BYTE_FOR_BYTE,
    )
    op.create_index(op.f("ix_events_told_id"), "events", ["told", "id"])


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("incident_id", KEY, nullable=False),
        sa.Column("action_type", KEY, nullable=False),
        sa.Column("target", KEY, nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=True),
        sa.Column("status", WORD, nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("created_at", TIME, nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("completed_at", TIME, nullable=True),
        sa.Column("execution_time_ms", sa.Integer(), nullable=True),
        sa.Column("error_message", LONG, nullable=True),
        sa.Column("approved_by", KEY, nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_actions_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        **BYTE_FOR_BYTE,
    )
    op.create_index(op.f("ix_actions_incident_id"), "actions", ["incident_id"])
    op.create_index(op.f("ix_actions_status"), "actions", ["status"])


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("incident_id", KEY, nullable=False),
        sa.Column("pattern", KEY, nullable=False),
        sa.Column("action", KEY, nullable=False),
        sa.Column("environment", KEY, nullable=False),
        sa.Column("judgement", WORD, nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_outcomes_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        **BYTE_FOR_BYTE,
    )
    op.create_index(op.f("ix_outcomes_incident_id"), "outcomes", ["incident_id"])
    op.create_index(op.f("ix_outcomes_pattern_environment_id"), "outcomes", ["pattern", "environment", "id"])


def _knowledge() -> None:
    op.create_table(
        "knowledge",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", LINE, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used", TIME, nullable=True),
        sa.Column("times_used", sa.Integer(), nullable=False),
        sa.Column("worked", sa.Integer(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge")),
        **BYTE_FOR_BYTE,
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", KEY, nullable=False),
        sa.Column("username", KEY, nullable=False),
        sa.Column("email", LINE, nullable=True),
        sa.Column("full_name", LINE, nullable=True),
        sa.Column("role", WORD, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_login", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
        **BYTE_FOR_BYTE,
    )


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("platform", WORD, nullable=False),
        sa.Column("identity", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_identities_user_id")),
        sa.PrimaryKeyConstraint("platform", "identity", name=op.f("pk_identities")),
        **BYTE_FOR_BYTE,
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"])


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("platform", WORD, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("room", LONG, nullable=False),
        sa.Column("message", LONG, nullable=False),
        sa.PrimaryKeyConstraint("platform", "key", name=op.f("pk_conversations")),
        **BYTE_FOR_BYTE,
    )


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", LONG, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
        **BYTE_FOR_BYTE,
    )


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("number", COUNT, autoincrement=True, nullable=False),
        sa.Column("room", KEY, nullable=False),
        sa.Column("thread", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("author", LINE, nullable=False),
        sa.Column("body", LONG, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("revision", COUNT, nullable=False),
        sa.Column("only_for", KEY, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_posts")),
        sa.UniqueConstraint("revision", name=op.f("uq_posts_revision")),
        sa.UniqueConstraint("room", "key", name=op.f("uq_posts_room_key")),
        **BYTE_FOR_BYTE,
    )
    op.create_index(op.f("ix_posts_room_thread_number"), "posts", ["room", "thread", "number"])


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", WORD, nullable=False),
        sa.Column("value", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
        **BYTE_FOR_BYTE,
    )
    for name in ("incidents", "posts"):
        op.execute(sa.text("INSERT INTO counters (name, value) VALUES (:name, 0)").bindparams(name=name))
