"""What can be done to a PostgreSQL server, and the exact statement for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from adapters.targets.choosing import Idle, Running, Some
from adapters.targets.databases import (
    DATABASE,
    FROM,
    HOST,
    IDLE,
    MOST,
    PORT,
    RUNNING,
    TO,
    USER,
    Increase,
    Name,
    Where,
    among,
    spec,
)
from adapters.targets.sessions import Session
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

    def choose(self, sessions: Sequence[Session]) -> Sequence[Session]:
        return [one for one in sessions if self.names(one) and self.application_name in ("", one.application)]

    def __str__(self) -> str:
        program = (f"application_name = {literal(self.application_name)}",) if self.application_name else ()
        return _sql(self, "state = 'idle'", *program)


class Query(Where):
    pid: Annotated[int, Field(ge=1, le=2**31 - 1)]

    def choose(self, sessions: Sequence[Session]) -> Sequence[Session]:
        return [one for one in sessions if one.number == self.pid and not one.idle]

    def __str__(self) -> str:
        return f"SELECT pg_cancel_backend({self.pid});{self.server}"


class MaxConnections(Increase):
    def statement(self, to: object) -> str:
        return f"ALTER SYSTEM SET max_connections = {to}"

    def __str__(self) -> str:
        now = f", which is {self.present}" if self.present else ""
        return f"{self.statement(self.to or '<half as many again as now>')};{self.server}{now}"


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
    "pid": Query,
}


def meant(identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
    """Whose state these names ask for: an action's own, told by a parameter that no other has, or the server's."""
    model = next((model for name, model in _TELLING.items() if name in identifiers), Some)
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


_ALIVE = "Nothing: sessions that have ended already are not ended twice, and others are not touched"
_NONE = "None: what the sessions had not committed is rolled back, and their programs must connect again"

CATALOGUE: Mapping[str, ActionSpec] = {
    one.name: one
    for one in (
        spec(
            "terminate_queries", Queries, HOST, PORT, DATABASE, USER, RUNNING, MOST,
            risk=Risk.MEDIUM,
            effect="Ends the sessions of the oldest queries that have run for {running_seconds} seconds or more, at "
            "most {most} of them[, of database {database_name}][, of user {database_user}][, on {database_host}]",
            undo=_NONE,
            repeat=_ALIVE,
        ),
        spec(
            "terminate_idle_sessions", IdleSessions, HOST, PORT, DATABASE, USER, IDLE, MOST,
            risk=Risk.LOW,
            effect="Ends the sessions that have been idle longest, for {idle_seconds} seconds or more, at most {most} "
            "of them[, of database {database_name}][, of user {database_user}][, on {database_host}]",
            undo=_NONE,
            repeat=_ALIVE,
        ),
        spec(
            "restart_connection_pool", Pool, HOST, PORT, DATABASE, Parameter("database_user", "User of the pool"),
            Parameter("application_name", "Only of this program", required=False),
            risk=Risk.MEDIUM,
            effect="Ends the idle sessions of {database_user}[, program {application_name}][, in database "
            "{database_name}][, on {database_host}], so that its pool connects afresh",
            undo="None: the pool has to connect again, which it does by itself",
            repeat=_ALIVE,
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
