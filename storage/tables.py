"""The schema. An event row is the fact; all other rows of an incident are its sum, written beside it for SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, MetaData, Table, UniqueConstraint

from storage.columns import Count, Json, Key, Line, Long, Time, Word

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BYTE_FOR_BYTE: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
"""MySQL would take 'Orders' and 'orders' for the same fingerprint; the others do not."""


def _table(name: str, *parts: Any) -> Table[Any]:
    return Table(name, metadata, *parts, **BYTE_FOR_BYTE)


incidents = _table(
    "incidents",
    Column("id", Key, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("title", Line, nullable=False),
    Column("description", Long),
    Column("service", Key),
    Column("severity", Word),
    Column("status", Word),
    Column("created_at", Time),
    Column("updated_at", Time),
    Column("resolved_at", Time),
    Column("ai_confidence", Double),
    Column("predicted_resolution_time", Integer, comment="seconds"),
    Column("assigned_to", Key),
    Column("resolution_method", Line),
    Column("root_cause", Long),
    Column("lessons_learned", Long),
    Column("fingerprint", Key, nullable=False),
    Column("active_fingerprint", Key, unique=True, comment="the fingerprint while active, else null"),
    Column("waiting_for", Word, nullable=False, index=True),
    Column("sequence", Integer, nullable=False),
    Column("body", Long, nullable=False),
    Index(None, "fingerprint", "number"),
    Index(None, "status", "number"),
)

events = _table(
    "events",
    Column("id", Count, primary_key=True, autoincrement=True),
    Column("incident_id", Key, ForeignKey("incidents.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", Word, nullable=False),
    Column("at", Time, nullable=False),
    Column("body", Long, nullable=False),
    UniqueConstraint("incident_id", "sequence"),
)

untold = _table(
    "untold",
    Column("listener", Word, primary_key=True, comment="a chat platform"),
    Column("event_id", Count, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("room", Key, comment="where it would be told as it happened; null before that was kept"),
    Index(None, "listener", "room", "event_id"),
)

actions = _table(
    "actions",
    Column("id", Key, primary_key=True),
    Column("incident_id", Key, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("action_type", Key, nullable=False),
    Column("target", Key, nullable=False),
    Column("parameters", Json),
    Column("status", Word, nullable=False, index=True),
    Column("result", Json),
    Column("created_at", Time),
    Column("started_at", Time),
    Column("completed_at", Time),
    Column("execution_time_ms", Integer),
    Column("error_message", Long),
    Column("approved_by", Key),
    Column("dry_run", Boolean, nullable=False),
)

outcomes = _table(
    "outcomes",
    Column("id", Count, primary_key=True, autoincrement=True),
    Column("at", Time, nullable=False),
    Column("incident_id", Key, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("pattern", Key, nullable=False),
    Column("action", Key, nullable=False),
    Column("environment", Key, nullable=False),
    Column("judgement", Word, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("success", Boolean, comment="null where nobody can know"),
    Column("recurred_at", Time, comment="when the same failure came back within the watch"),
    Column("learning_feedback", Json),
    Index(None, "pattern", "environment", "id"),
    Index(None, "action", "id"),
)

knowledge = _table(
    "knowledge",
    Column("id", Key, primary_key=True),
    Column("title", Line, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used", Time),
    Column("times_used", Integer, nullable=False),
    Column("worked", Integer, nullable=False),
    Column("tried", Integer, nullable=False),
)

knowledge_entries = _table(
    "knowledge_entries",
    Column("id", Key, primary_key=True),
    Column("title", Line, nullable=False),
    Column("description", Long, nullable=False),
    Column("category", Key, nullable=False),
    Column("tags", Json, nullable=False),
    Column("error_patterns", Json, nullable=False),
    Column("solution_steps", Json, nullable=False),
    Column("automated_actions", Json, nullable=False),
    Column("success_rate", Double),
    Column("related_services", Json, nullable=False),
    Column("last_used", Time),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("created_by", Key, nullable=False),
    Column("proposed", Boolean, nullable=False),
    Column("revision", Count, nullable=False, comment="grows with every change of any entry"),
    Index(None, "revision", "id"),
)

users = _table(
    "users",
    Column("id", Key, primary_key=True),
    Column("username", Key, nullable=False, unique=True),
    Column("email", Line),
    Column("full_name", Line),
    Column("role", Word, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_login", Time),
)

identities = _table(
    "identities",
    Column("platform", Word, primary_key=True),
    Column("identity", Key, primary_key=True),
    Column("user_id", Key, ForeignKey("users.id"), nullable=False, index=True),
)

conversations = _table(
    "conversations",
    Column("platform", Word, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("room", Long, nullable=False),
    Column("message", Long, nullable=False),
)

deliveries = _table(
    "deliveries",
    Column("platform", Word, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("room", Long, nullable=False),
    Column("message", Long, nullable=False, comment="empty until the platform has answered"),
    Column("at", Time, nullable=False, index=True),
)

heard = _table(
    "heard",
    Column("number", Count, primary_key=True, autoincrement=True),
    Column("platform", Word, nullable=False),
    Column("id", Key, nullable=False),
    Column("at", Time, nullable=False, index=True),
    Column("body", Long, nullable=False),
    Column("answered", Boolean, nullable=False),
    UniqueConstraint("platform", "id"),
    Index(None, "platform", "answered", "number"),
)

cursors = _table(
    "cursors",
    Column("name", Key, primary_key=True),
    Column("value", Long, nullable=False),
    Column("updated_at", Time, nullable=False),
)

posts = _table(
    "posts",
    Column("number", Count, primary_key=True, autoincrement=True),
    Column("room", Key, nullable=False),
    Column("thread", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("author", Line, nullable=False),
    Column("body", Long, nullable=False),
    Column("at", Time, nullable=False),
    Column("revision", Count, nullable=False, unique=True),
    Column("only_for", Key, nullable=False),
    UniqueConstraint("room", "key"),
    Index(None, "room", "thread", "number"),
)

counters = _table(
    "counters",
    Column("name", Word, primary_key=True),
    Column("value", Count, nullable=False),
)
