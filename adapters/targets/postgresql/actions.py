"""What can be done to a PostgreSQL server, and the exact statement for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from adapters.targets.choosing import Idle, One, Running, S, Some
from adapters.targets.ending import (
    restart_connection_pool,
    terminate_idle_sessions,
    terminate_queries,
    terminate_session,
)
from adapters.targets.wanted import FROM, HOST, PORT, TO, Increase, Name, Where, among, spec
from engine.model import ActionSpec, Parameter, Risk


class IdleSessions(Idle):
    def __str__(self) -> str:
        old = f"state_change < now() - interval '{self.idle_seconds} s'"
        return _sql(self, "state LIKE 'idle%'", old, tail=f" ORDER BY state_change LIMIT {self.most}")


class Queries(Running):
    def __str__(self) -> str:
        old = f"query_start < now() - interval '{self.running_seconds} s'"
        active = "state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock'"
        return _sql(self, active, old, tail=f" ORDER BY query_start LIMIT {self.most}")


class Pool(Some):
    """The sessions of one user, perhaps of one of its programs. Those that are idle end; the others are at work."""

    database_user: Name
    application_name: Name = ""

    def choose(self, sessions: Sequence[S]) -> Sequence[S]:
        return [one for one in sessions if self.names(one) and self.application_name in ("", one.application)]

    def __str__(self) -> str:
        program = (f"application_name = {literal(self.application_name)}",) if self.application_name else ()
        return _sql(self, "state = 'idle'", *program)


class Blocker(One):
    def __str__(self) -> str:
        return f"SELECT pg_terminate_backend({self.pid});{self.server}"


class Query(One):
    """What that session runs, and not the session."""

    def choose(self, sessions: Sequence[S]) -> Sequence[S]:
        return [one for one in super().choose(sessions) if not one.idle]

    def __str__(self) -> str:
        return f"SELECT pg_cancel_backend({self.pid});{self.server}"


class MaxConnections(Increase):
    command = "ALTER SYSTEM SET max_connections"


class RoleLimit(Where):
    database_user: Name
    connection_limit: Annotated[int, Field(ge=-1, le=100_000)]

    @property
    def statement(self) -> str:
        return f"ALTER ROLE {identifier(self.database_user)} CONNECTION LIMIT {self.connection_limit}"

    def __str__(self) -> str:
        return f"{self.statement};{self.server}"


MODELS: Mapping[str, type[Where]] = {
    "terminate_queries": Queries,
    "terminate_idle_sessions": IdleSessions,
    "terminate_session": Blocker,
    "restart_connection_pool": Pool,
    "cancel_query": Query,
    "increase_max_connections": MaxConnections,
    "set_role_connection_limit": RoleLimit,
}

_TELLING: Mapping[str, type[Where]] = {
    "running_seconds": Queries,
    "idle_seconds": IdleSessions,
    "application_name": Pool,
    "connection_limit": RoleLimit,
    "to": MaxConnections,
}

_WHOSE = {"database_name", "database_user"}
"""Of a log that names these, the process id is that of whoever complains."""


def meant(identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
    """Whose state these names ask for: an action's own, told by a parameter that no other has, or the server's.

    An action that lacks a name yet is about the server, too: what is seen there may be that name.
    """
    otherwise = Blocker if identifiers.get("pid") and not _WHOSE & identifiers.keys() else Some
    model = next((model for name, model in _TELLING.items() if name in identifiers), otherwise)
    lacks = any(field.is_required() and not identifiers.get(name) for name, field in model.model_fields.items())
    model = Some if lacks else model
    return model, among(model, identifiers)


def _sql(those: Some, *conditions: str, tail: str = "") -> str:
    """As it is shown. What is sent names each session by its process id and its start."""
    names = (("datname", those.database_name), ("usename", those.database_user))
    rules = (*conditions, *(f"{column} = {literal(value)}" for column, value in names if value))
    what = f"pg_terminate_backend(pid) FROM pg_stat_activity WHERE {' AND '.join(rules)}{tail}"
    return f"SELECT {what};{those.server}"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


CATALOGUE: Mapping[str, ActionSpec] = {
    one.name: one
    for one in (
        terminate_queries(Queries),
        terminate_idle_sessions(IdleSessions),
        terminate_session(Blocker),
        restart_connection_pool(
            Pool, Parameter("application_name", "Only of this program", required=False),
            of="[, program {application_name}]",
        ),
        spec(
            "cancel_query", Query, HOST, PORT, Parameter("pid", "Process id of the session", kind="integer"),
            risk=Risk.LOW,
            effect="Cancels the query that session {pid} runs; the session itself stays",
            undo="None: what its transaction had done is rolled back, and it must be run again",
            repeat="Nothing: only the very query that was seen is cancelled",
        ),
        spec(
            "increase_max_connections", MaxConnections, HOST, PORT, FROM, TO,
            risk=Risk.HIGH,
            effect="Writes a greater max_connections[ than {from}][, {to},][ for {database_host}] into the server's "
            "settings; it holds from the next restart on, which is not done here",
            undo="Run ALTER SYSTEM RESET max_connections, or set it to what it was, and restart",
            repeat="Nothing: the same number is written again",
            within=timedelta(minutes=10),
        ),
        spec(
            "set_role_connection_limit", RoleLimit, HOST, PORT, Parameter("database_user", "User"),
            Parameter("connection_limit", "Connections at most (-1: no limit)", kind="integer"),
            risk=Risk.MEDIUM,
            effect="Lets {database_user} have {connection_limit} connections at once from now on; those it has stay",
            undo="Set the limit of {database_user} back to what it was",
            repeat="Nothing: the same limit is set again",
        ),
    )
}  # fmt: skip
