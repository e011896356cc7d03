"""The actions that end sessions of a database: what a person is told, and how those that were seen are ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from adapters.targets.choosing import Idle, One, Running, Some
from adapters.targets.kept_open import Lost
from adapters.targets.sessions import Seen, Session, outcome
from adapters.targets.wanted import HOST, PORT, spec
from engine.errors import Unreachable
from engine.model import ActionSpec, Outcome, Parameter, Result, Risk

S = TypeVar("S", bound=Session)

_DATABASE = Parameter("database_name", "Only of this database", required=False)
_USER = Parameter("database_user", "Only of this user", required=False)
_MOST = Parameter("most", "At most so many sessions", kind="integer", required=False, default="10")
_IDLE = Parameter("idle_seconds", "Idle for so many seconds", kind="integer", required=False, default="300")
_RUNNING = Parameter("running_seconds", "Running for so many seconds", kind="integer", required=False, default="300")

_ALIVE = "Nothing: sessions that have ended already are not ended twice, and others are not touched"
_NONE = "None: what the sessions had not committed is rolled back, and their programs must connect again"


def terminate_queries(model: type[Running]) -> ActionSpec:
    return spec(
        "terminate_queries", model, HOST, PORT, _DATABASE, _USER, _RUNNING, _MOST,
        risk=Risk.MEDIUM,
        effect="Ends the sessions of the oldest queries that have run for {running_seconds} seconds or more, at "
        "most {most} of them[, of database {database_name}][, of user {database_user}][, on {database_host}]",
        undo=_NONE,
        repeat=_ALIVE,
    )  # fmt: skip


def terminate_idle_sessions(model: type[Idle]) -> ActionSpec:
    return spec(
        "terminate_idle_sessions", model, HOST, PORT, _DATABASE, _USER, _IDLE, _MOST,
        risk=Risk.LOW,
        effect="Ends the sessions that have been idle longest, for {idle_seconds} seconds or more, at most {most} "
        "of them[, of database {database_name}][, of user {database_user}][, on {database_host}]",
        undo=_NONE,
        repeat=_ALIVE,
    )  # fmt: skip


def terminate_session(model: type[One]) -> ActionSpec:
    return spec(
        "terminate_session", model, HOST, PORT, Parameter("pid", "Number of the session", kind="integer"),
        risk=Risk.MEDIUM,
        effect="Ends session {pid}[ on {database_host}], whatever it does: the locks that it holds are free then",
        undo=_NONE,
        repeat=_ALIVE,
    )  # fmt: skip


def restart_connection_pool(model: type[Some], *more: Parameter, of: str = "") -> ActionSpec:
    """``of`` says which pool, where more parameters than the user tell it."""
    return spec(
        "restart_connection_pool", model, HOST, PORT, _DATABASE, Parameter("database_user", "User of the pool"), *more,
        risk=Risk.MEDIUM,
        effect=f"Ends the idle sessions of {{database_user}}{of}[, in database {{database_name}}]"
        "[, on {database_host}], so that its pool connects afresh",
        undo="None: the pool has to connect again, which it does by itself",
        repeat=_ALIVE,
    )  # fmt: skip


def unfit(now: Seen[S], approved: Mapping[str, str]) -> Outcome | None:
    """Why none of these sessions is touched, if so."""
    if not now.chosen:
        return Outcome(Result.NOTHING_DONE, f"Nothing was done. {now.summary}")
    if now.state != approved:
        return Outcome(Result.CHANGED, "The sessions are not those that were seen any more. Nothing was done.")
    return None


async def each(verb: str, touch: Callable[[S], Awaitable[bool]], chosen: Sequence[S]) -> Outcome:
    """One after the other. ``touch`` says whether the session was still what it was; raises Lost, Unreachable."""
    done: list[S] = []
    left: list[S] = []
    refused: set[str] = set()
    for one in chosen:
        try:
            (done if await touch(one) else left).append(one)
        except Lost as error:
            before = f" Before that: {outcome(verb, done, left, refused).detail}" if done else ""
            return Outcome(Result.UNKNOWN, f"{error} What became of session {one.number} is not known.{before}")
        except Unreachable as error:
            refused.add(str(error).rstrip("."))
    return outcome(verb, done, left, refused)
