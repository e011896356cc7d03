"""What can be done to a PgBouncer, and the exact command of its admin console for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from adapters.targets.wanted import FROM, HOST, PORT, TO, Increase, Name, Where, among, spec
from engine.model import ActionSpec, Parameter, Risk

MISTAKES = "Of a mistake in pgbouncer.ini only its log tells: what follows it may not have been read."
"""PgBouncer 1.18 answers a reload that fails as it answers one that works."""

_POOL = Parameter("database_name", "Database, as PgBouncer calls it")
_CLIENTS = Parameter("database_name", "Database whose clients wait", required=False)


class PoolSize(Increase):
    """One size for the pools of all databases that have none of their own in the ini, which no command changes."""

    command = "SET default_pool_size"
    otherwise = "twice as many as now"

    database_name: Name = ""

    def __str__(self) -> str:
        return super().__str__() + (f", for {self.database_name}" if self.database_name else "")


class Reload(Where):
    command: ClassVar[str] = "RELOAD"

    def __str__(self) -> str:
        return f"{self.command};{self.server}"


class Database(Where):
    verb: ClassVar[str] = "SHOW DATABASES of"

    database_name: Name

    @property
    def scope(self) -> str:
        return self.database_name

    @property
    def command(self) -> str:
        return f'{self.verb} "{self.database_name}"'

    def __str__(self) -> str:
        return f"{self.command};{self.server}"


class Pause(Database):
    verb = "PAUSE"


class Resume(Database):
    verb = "RESUME"


MODELS: Mapping[str, type[Where]] = {
    "increase_pool_size": PoolSize,
    "reload": Reload,
    "pause": Pause,
    "resume": Resume,
}


def meant(identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
    """Whose state these names ask for: the pools' size, one database, or the pooler as a whole."""
    model: type[Where] = Database if identifiers.get("database_name") else Reload
    if "to" in identifiers:
        model = PoolSize
    return model, among(model, identifiers)


CATALOGUE: Mapping[str, ActionSpec] = {
    one.name: one
    for one in (
        spec(
            "increase_pool_size", PoolSize, HOST, PORT, _CLIENTS, FROM, TO,
            risk=Risk.MEDIUM,
            effect="Enlarges the pools of PgBouncer[ at {database_host}][ from {from}][ to {to} connections each], at "
            "once[, for {database_name} and all others without a size of their own], until its next reload or restart: "
            "default_pool_size in pgbouncer.ini must follow",
            undo="Reload: that brings back what pgbouncer.ini says",
            repeat="Nothing: the same number is set again",
        ),
        spec(
            "reload", Reload, HOST, PORT,
            risk=Risk.MEDIUM,
            effect="Makes PgBouncer[ at {database_host}] read its pgbouncer.ini again; what was set by hand is lost",
            undo="None: change pgbouncer.ini back and reload again",
            repeat="Nothing: the same file is read again",
        ),
        spec(
            "pause", Pause, HOST, PORT, _POOL,
            risk=Risk.HIGH,
            effect="Pauses database {database_name} in PgBouncer[ at {database_host}]: its clients wait until a resume",
            undo="Resume database {database_name}",
            repeat="Nothing: it is paused already",
        ),
        spec(
            "resume", Resume, HOST, PORT, _POOL,
            risk=Risk.LOW,
            effect="Resumes database {database_name} in PgBouncer[ at {database_host}]: clients that wait go on",
            undo="Pause database {database_name}",
            repeat="Nothing: PgBouncer says that it is not paused",
        ),
    )
}  # fmt: skip
