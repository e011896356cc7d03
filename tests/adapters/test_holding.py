"""Who is blamed for a lock that others wait for, for a server without room and for a pool that runs dry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.targets.choosing import One, Some, inside
from adapters.targets.holding import MYSQL, POSTGRESQL, Kind, behind
from adapters.targets.place import Fence, Place
from adapters.targets.sessions import ENDING, WAITS, Behind, Room, Session
from adapters.targets.wanted import Where, parsed
from engine import knowledge

AT = Place("db.example.com", 5432)
HOST = {"database_host": "db.example.com", "database_port": "5432"}
ETL = Session(7, "since 1", "idle since 1", "shop", "etl", "load.py", "idle in transaction", 90)
WAITER = Session(8, "since 2", "running since 2", "shop", "api", "web", WAITS, 5)
IDLE = Session(9, "since 3", "idle since 3", "shop", "api", "web", "idle", 900)
FULL, FREE = Room(20, 20), Room(5, 20)


def found(*shown: Session, held: tuple[int, ...] = (), room: Room = FREE, kind: Kind = POSTGRESQL) -> Behind:
    return behind(kind, AT, Where(), room, shown, held)


@pytest.mark.parametrize("kind", [POSTGRESQL, MYSQL])
def test_every_cause_is_a_failure_that_is_known(kind: Kind) -> None:
    assert {kind.lock, kind.full} <= {one.id for one in knowledge.load()}


def test_one_who_holds_a_lock_is_named() -> None:
    why = found(ETL, WAITER, held=(7,))
    assert why.cause == "postgresql/lock-wait"
    assert why.shows == ("1 session waits for a lock held by 7 etl@shop (load.py) idle in transaction for 90 s")
    whose = {"database_name": "shop", "database_user": "etl", "application_name": "load.py"}
    assert why.names == {**HOST, **whose, "blocking_pid": "7"}
    assert "application_name" not in found(ETL, WAITER, held=(7,), kind=MYSQL).names, "that is an address there"


def test_of_two_holders_and_of_one_that_may_not_be_ended_none_is_named() -> None:
    assert found(ETL, replace(ETL, number=6), WAITER, held=(6, 7)).names == {}
    hidden = found(WAITER, held=(3,))
    assert (hidden.names, "by 3, which is not mine to end" in hidden.shows) == ({}, True)


def test_a_lock_that_was_waited_for_a_moment_is_none() -> None:
    assert found(ETL, replace(WAITER, seconds=0), held=(7,)).cause == ""
    assert found(replace(ETL, seconds=1), WAITER) == Behind()


def test_locks_fill_a_server_only_where_many_wait() -> None:
    assert found(ETL, WAITER, held=(7,), room=FULL).cause == "postgresql/connection-pool-exhausted"
    crowd = [replace(WAITER, number=number) for number in range(10, 15)]
    assert found(ETL, *crowd, held=(7,), room=FULL).cause == "postgresql/lock-wait"


def test_who_has_most_of_the_connections_is_named_and_nobody_where_none_has() -> None:
    pool = [replace(IDLE, number=number) for number in range(10, 13)]
    why = found(*pool, ETL, room=FULL)
    assert why.shows.startswith("20 of 20 connections are taken, 3 of them by api (web): 3 idle, 0 of them in a trans")
    assert (why.names["database_user"], why.names["application_name"]) == ("api", "web")
    assert "blocking_pid" not in why.names
    none = found(IDLE, ETL, room=FULL)
    assert (none.shows, none.names) == ("20 of 20 connections are taken", {})
    assert found(room=FULL).cause == "postgresql/connection-pool-exhausted"


def test_a_program_may_call_itself_anything_but_is_named_only_by_what_an_action_takes() -> None:
    why = found(replace(ETL, application="x' OR 1=1"), WAITER, held=(7,))
    assert why.names.keys() == {*HOST, "database_name", "database_user", "blocking_pid"}


def test_who_keeps_transactions_open_is_named_if_it_is_one_alone_and_the_one_that_is_asked_for() -> None:
    why = found(ETL, replace(ETL, number=6, seconds=20), IDLE)
    assert (why.cause, why.names["database_user"]) == ("", "etl")
    assert why.shows.startswith("2 sessions are kept in a transaction, the longest 7 etl@shop")
    assert found(ETL, replace(ETL, user="other")) == Behind()
    assert found(replace(ETL, seconds=9)) == Behind()
    of_api = parsed(Some, {"database_user": "api"})
    assert behind(POSTGRESQL, AT, of_api, FREE, [ETL, IDLE], ()) == Behind()


def test_one_that_rolls_back_is_neither_named_nor_chosen_again() -> None:
    ending = replace(ETL, doing=ENDING)
    why = found(ending, WAITER, held=(7,))
    assert (why.names, "held by 7 etl@shop (load.py) being ended for 90 s" in why.shows) == ({}, True)
    assert inside(Fence("MAY_ACT_ON", ("*",)), AT, parsed(One, {"pid": "7"}), [ending])[0] == []
