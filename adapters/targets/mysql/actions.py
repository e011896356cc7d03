"""What can be done to a MySQL or MariaDB server, and the exact statement for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.targets.choosing import Idle, One, Running, Some
from adapters.targets.ending import (
    restart_connection_pool,
    terminate_idle_sessions,
    terminate_queries,
    terminate_session,
)
from adapters.targets.wanted import FROM, HOST, PORT, TO, Increase, Name, Where, among, spec
from engine.model import ActionSpec, Risk


class IdleSessions(Idle):
    def __str__(self) -> str:
        return _kill(self, "COMMAND = 'Sleep'", f"TIME >= {self.idle_seconds}", self.most)


class Queries(Running):
    def __str__(self) -> str:
        return _kill(self, "COMMAND IN ('Query', 'Execute')", f"TIME >= {self.running_seconds}", self.most)


class Blocker(One):
    def __str__(self) -> str:
        return f"KILL CONNECTION {self.pid};{self.server}"


class Pool(Some):
    """The sessions of one user. Those that are idle end; the others are at work."""

    database_user: Name

    def __str__(self) -> str:
        return _kill(self, "COMMAND = 'Sleep'", "no transaction open")


class MaxConnections(Increase):
    command = "SET GLOBAL max_connections"


MODELS: Mapping[str, type[Where]] = {
    "terminate_queries": Queries,
    "terminate_idle_sessions": IdleSessions,
    "terminate_session": Blocker,
    "restart_connection_pool": Pool,
    "increase_max_connections": MaxConnections,
}

_TELLING: Mapping[str, type[Where]] = {"running_seconds": Queries, "idle_seconds": IdleSessions, "to": MaxConnections}


def meant(identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
    """Whose state these names ask for: an action's own, told by a parameter that no other has, or the server's."""
    otherwise: type[Where] = Pool if identifiers.get("database_user") else Some
    if identifiers.get("pid") and not {"database_name", "database_user"} & identifiers.keys():
        otherwise = Blocker
    model = next((model for name, model in _TELLING.items() if name in identifiers), otherwise)
    return model, among(model, identifiers)


def _kill(those: Some, doing: str, old: str, most: int | None = None) -> str:
    """As it is shown. What is sent names each session by its id."""
    names = (("DB", those.database_name), ("USER", those.database_user))
    rules = " AND ".join((doing, old, *(f"{column} = '{value}'" for column, value in names if value)))
    limit = f" ORDER BY TIME DESC LIMIT {most}" if most else ""
    return f"KILL CONNECTION each ID of PROCESSLIST WHERE {rules}{limit};{those.server}"


CATALOGUE: Mapping[str, ActionSpec] = {
    one.name: one
    for one in (
        terminate_queries(Queries),
        terminate_idle_sessions(IdleSessions),
        terminate_session(Blocker),
        restart_connection_pool(Pool),
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
