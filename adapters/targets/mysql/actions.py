"""What can be done to a MySQL or MariaDB server, and the exact statement for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping

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
from engine.model import ActionSpec, Parameter, Risk


class IdleSessions(Idle):
    def __str__(self) -> str:
        return _kill(self, "COMMAND = 'Sleep'", f"TIME >= {self.idle_seconds}", self.most)


class Queries(Running):
    def __str__(self) -> str:
        return _kill(self, "COMMAND IN ('Query', 'Execute')", f"TIME >= {self.running_seconds}", self.most)


class Pool(Some):
    """The sessions of one user. Those that are idle end; the others are at work."""

    database_user: Name

    def __str__(self) -> str:
        return _kill(self, "COMMAND = 'Sleep'", "no transaction open")


class MaxConnections(Increase):
    def statement(self, to: object) -> str:
        return f"SET GLOBAL max_connections = {to}"

    def __str__(self) -> str:
        now = f", which is {self.present}" if self.present else ""
        return f"{self.statement(self.to or '<half as many again as now>')};{self.server}{now}"


MODELS: Mapping[str, type[Where]] = {
    "terminate_queries": Queries,
    "terminate_idle_sessions": IdleSessions,
    "restart_connection_pool": Pool,
    "increase_max_connections": MaxConnections,
}

_TELLING: Mapping[str, type[Where]] = {"running_seconds": Queries, "idle_seconds": IdleSessions, "to": MaxConnections}


def meant(identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
    """Whose state these names ask for: an action's own, told by a parameter that no other has, or the server's."""
    otherwise = Pool if identifiers.get("database_user") else Some
    model = next((model for name, model in _TELLING.items() if name in identifiers), otherwise)
    return model, among(model, identifiers)


def _kill(those: Some, doing: str, old: str, most: int | None = None) -> str:
    """As it is shown. What is sent names each session by its id."""
    names = (("DB", those.database_name), ("USER", those.database_user))
    rules = " AND ".join((doing, old, *(f"{column} = '{value}'" for column, value in names if value)))
    limit = f" ORDER BY TIME DESC LIMIT {most}" if most else ""
    return f"KILL CONNECTION each ID of PROCESSLIST WHERE {rules}{limit};{those.server}"


_NONE = "None: what the sessions had not committed is rolled back, and their programs must connect again"
_ALIVE = "Nothing: sessions that have ended already are not ended twice, and others are not touched"

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
            risk=Risk.MEDIUM,
            effect="Ends the idle sessions of {database_user}[, in database {database_name}][, on {database_host}], so "
            "that its pool connects afresh",
            undo="None: the pool has to connect again, which it does by itself",
            repeat=_ALIVE,
        ),
        spec(
            "increase_max_connections", MaxConnections, HOST, PORT, FROM, TO,
            risk=Risk.HIGH,
            effect="Raises max_connections[ from {from}][ to {to}][ on {database_host}] at once, until the server's "
            "next restart: its configuration must follow",
            undo="Set max_connections back to what it was",
            repeat="Nothing: the same number is set again",
        ),
    )
}  # fmt: skip
