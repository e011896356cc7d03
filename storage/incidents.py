"""Incidents in a SQL database. An event and all that follows from it are kept in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, desc, func, insert, select, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import NotFound, Stale
from engine.events import (
    Acted,
    Amended,
    Approved,
    Diagnosed,
    Event,
    Opened,
    Rejected,
    Resolved,
    Started,
    Verified,
    begin,
)
from engine.learn import TELLING, lesson, relapse
from engine.model import Action, ActionStatus, Incident, IncidentId, Judgement, Lesson, Status, WaitsFor
from engine.ports import Incidents, RoomOf, Untold, anywhere
from storage import project
from storage.columns import key, line
from storage.counters import INCIDENTS, following
from storage.database import Database
from storage.shapes import event_from, incident_from
from storage.tables import actions, events, incidents, knowledge, outcomes, untold

LESSONS = 200
"""The most that are read: with each newer one counting more, older ones no longer change a number."""


class SqlIncidents(Incidents):
    """``listeners`` are those whom every event is told; one that comes later is told what happens from then on."""

    def __init__(self, database: Database, listeners: Sequence[str] = (), room: RoomOf = anywhere) -> None:
        self.database = database
        self.listeners = listeners
        self.room = room

    async def open(self, id: IncidentId, event: Opened) -> Incident:
        try:
            async with self.database.write() as connection:
                incident = begin(id, await following(connection, INCIDENTS), event)
                await connection.execute(insert(incidents).values(id=id, **project.incident_row(incident)))
                await self._happened(connection, incident, event)
                await _met(connection, event)
                return incident
        except IntegrityError as error:
            raise Stale("There is already an incident for this.") from error

    async def get(self, id: IncidentId) -> Incident:
        return await self._one(incidents.c.id == id, f"There is no incident {id}.")

    async def numbered(self, number: int) -> Incident:
        return await self._one(incidents.c.number == number, f"There is no incident {number}.")

    async def latest(self, fingerprint: str) -> Incident | None:
        same = incidents.c.fingerprint == key(fingerprint)
        query = select(incidents.c.body).where(same).order_by(incidents.c.number.desc()).limit(1)
        async with self.database.read() as connection:
            body = await connection.scalar(query)
        return None if body is None else incident_from(body)

    async def append(self, after: Incident, event: Event) -> None:
        try:
            async with self.database.write() as connection:
                await _move(connection, after)
                await self._happened(connection, after, event)
                await _move_action(connection, after, event)
                await _learn(connection, after, event)
        except IntegrityError as error:
            raise Stale from error

    async def timeline(self, id: IncidentId) -> Sequence[Event]:
        query = select(events.c.kind, events.c.body).where(events.c.incident_id == id).order_by(events.c.sequence)
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            raise NotFound(f"There is no incident {id}.")
        return [event_from(row.kind, row.body) for row in rows]

    async def waiting_for(self, whom: WaitsFor) -> Sequence[Incident]:
        waiting = incidents.c.waiting_for == whom.value
        async with self.database.read() as connection:
            query = select(incidents.c.body).where(waiting).order_by(incidents.c.number)
            return [incident_from(body) for body in await connection.scalars(query)]

    async def list(self, statuses: Sequence[Status] = (), limit: int = 50) -> Sequence[Incident]:
        newest = select(incidents.c.number, incidents.c.body).order_by(incidents.c.number.desc()).limit(limit)
        # Asked for several statuses at once, no database takes the newest from its index: it would sort all of them.
        each = [select(newest.where(incidents.c.status == status.value).subquery()) for status in statuses]
        query = union_all(*each).order_by(desc("number")).limit(limit) if each else newest
        async with self.database.read() as connection:
            return [incident_from(row.body) for row in await connection.execute(query)]

    async def untold(self, listener: str, limit: int = 100, busy: Collection[str] = ()) -> Sequence[Untold]:
        # An id is taken while the incident's row is locked, so one incident's events never change places.
        busy = {key(room) for room in busy}
        async with self.database.read() as connection:
            rooms = await connection.scalars(select(untold.c.room).where(untold.c.listener == listener).distinct())
            free = [room for room in rooms if room not in busy]
            found = {row.id: row for room in free for row in await _first(connection, listener, room, limit)}
            rows = [found[id] for id in sorted(found)]
            theirs = select(incidents.c.id, incidents.c.body).where(
                incidents.c.id.in_({row.incident_id for row in rows})
            )
            now = {row.id: incident_from(row.body) for row in await connection.execute(theirs)} if rows else {}
        return [Untold(now[row.incident_id], row.sequence, event_from(row.kind, row.body)) for row in rows]

    async def told(self, listener: str, id: IncidentId, sequence: int) -> None:
        these = select(events.c.id).where((events.c.incident_id == id) & (events.c.sequence <= sequence))
        async with self.database.write() as connection:
            known = (await connection.scalars(these)).all()
            mine = (untold.c.listener == listener) & untold.c.event_id.in_(known)
            await connection.execute(delete(untold).where(mine))

    async def begun(self, target: str, since: datetime) -> int:
        these = (actions.c.target == key(target)) & (actions.c.started_at > since) & actions.c.dry_run.is_(False)
        async with self.database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(actions).where(these)) or 0

    async def lessons(self, pattern: str, environment: str) -> Sequence[Lesson]:
        async with self.database.read() as connection:
            return await _lessons(connection, pattern, environment)

    async def lessons_of(self, actions: Sequence[str], limit: int = 400) -> Sequence[Lesson]:
        query = select(outcomes).order_by(outcomes.c.id.desc()).limit(limit)
        if actions:
            query = query.where(outcomes.c.action.in_([key(one) for one in actions]))
        async with self.database.read() as connection:
            return [_lesson(row) for row in await connection.execute(query)]

    async def _happened(self, connection: AsyncConnection, after: Incident, event: Event) -> None:
        """The event, and to each listener that it is still to be told."""
        kept = await connection.execute(insert(events).values(project.event_row(after, event)))
        if self.listeners:
            number = (kept.inserted_primary_key or [None])[0]
            rows = [{"listener": one, "event_id": number, "room": key(self.room(one, after))} for one in self.listeners]
            await connection.execute(insert(untold), rows)

    async def _one(self, which: ColumnElement[bool], missing: str) -> Incident:
        async with self.database.read() as connection:
            body = await connection.scalar(select(incidents.c.body).where(which))
        if body is None:
            raise NotFound(missing)
        return incident_from(body)


async def _first(connection: AsyncConnection, listener: str, room: str | None, limit: int) -> Sequence[Row[Any]]:
    """The first events of this room, with what of the same incidents happened before: it may be of another room."""
    told_of = untold.c.listener == listener
    here = select(events.c.id, events.c.incident_id).join(untold).where(told_of, untold.c.room == room)
    first = (await connection.execute(here.order_by(untold.c.event_id).limit(limit))).all()
    if not first:
        return ()
    of_these = events.c.incident_id.in_({row.incident_id for row in first}) & (events.c.id <= first[-1].id)
    return (await connection.execute(select(events).join(untold).where(told_of, of_these))).all()


async def _move(connection: AsyncConnection, after: Incident) -> None:
    """Compare and set: the row must still be one event behind."""
    behind = (incidents.c.id == after.id) & (incidents.c.sequence == after.sequence - 1)
    done = await connection.execute(update(incidents).where(behind).values(project.incident_row(after)))
    if done.rowcount:
        return
    if await connection.scalar(select(incidents.c.sequence).where(incidents.c.id == after.id)) is None:
        raise NotFound(f"There is no incident {after.id}.")
    raise Stale


async def _move_action(connection: AsyncConnection, after: Incident, event: Event) -> None:
    match event:
        case Diagnosed(at=at, diagnosis=diagnosis):
            await _supersede(connection, after.id, at)
            if diagnosis.proposal:
                await _propose(connection, after, diagnosis.proposal, at)
        case Amended(at=at, action=action) if after.action == action:
            await _supersede(connection, after.id, at)
            await _propose(connection, after, action, at)
        case Resolved(at=at):
            await _supersede(connection, after.id, at)
        case Approved() | Rejected() | Started() | Acted() | Verified():
            this = (actions.c.id == event.action) & (actions.c.incident_id == after.id)
            before = (await connection.execute(select(actions).where(this))).one_or_none()
            if before is not None:
                await connection.execute(
                    update(actions).where(this).values(project.moved_row(before._asdict(), after, event))
                )
            if isinstance(event, Verified):
                await _go_on(connection, after, event)
        case _:
            pass  # nothing else touches an action


async def _propose(connection: AsyncConnection, after: Incident, action: Action, at: datetime) -> None:
    """A row for each step of the plan."""
    rows = [project.proposed_row(after, step, at) for step in (action, *action.then)]
    await connection.execute(insert(actions), rows)


async def _go_on(connection: AsyncConnection, after: Incident, event: Verified) -> None:
    """The next step of a plan was approved with the whole of it."""
    if after.action and after.action.after == event.action:
        approved = {"status": ActionStatus.APPROVED.value, "approved_by": after.approved_by}
        await connection.execute(update(actions).where(actions.c.id == after.action.id).values(approved))


async def _supersede(connection: AsyncConnection, id: IncidentId, at: datetime) -> None:
    pending = (actions.c.incident_id == id) & (actions.c.status == ActionStatus.PENDING.value)
    await connection.execute(update(actions).where(pending).values(project.superseded_row(at)))


async def _met(connection: AsyncConnection, event: Opened) -> None:
    """Count that this pattern was of use. Openings queue for their number, so no two insert the same row."""
    this = knowledge.c.id == key(event.signal.pattern)
    used = {"last_used": event.at, "times_used": knowledge.c.times_used + 1}
    if not (await connection.execute(update(knowledge).where(this).values(used))).rowcount:
        await connection.execute(insert(knowledge).values(_first_met(event)))


def _first_met(event: Opened) -> dict[str, Any]:
    return {
        "id": key(event.signal.pattern),
        "title": line(event.signal.title),
        "created_at": event.at,
        "last_used": event.at,
        "times_used": 1,
        "worked": 0,
        "tried": 0,
    }


async def _learn(connection: AsyncConnection, after: Incident, event: Event) -> None:
    if learned := lesson(after, event):
        earlier = await _lessons(connection, learned.pattern, learned.environment)
        await connection.execute(insert(outcomes).values(project.outcome_row(learned, earlier)))
        if learned.judgement in TELLING:
            worked = int(learned.judgement is Judgement.WORKED)
            await _count(connection, learned.pattern, learned.at, tried=1, worked=worked)
    if action := relapse(after, event):
        await _relapse(connection, after, action, event.at)


async def _relapse(connection: AsyncConnection, after: Incident, action: str, at: datetime) -> None:
    """What seemed to have worked did not last: its outcome is put right."""
    seemed = (outcomes.c.incident_id == after.id) & (outcomes.c.action == key(action)) & outcomes.c.success.is_(True)
    query = select(outcomes.c.id, outcomes.c.pattern).where(seemed).order_by(outcomes.c.id.desc()).limit(1)
    if (last := (await connection.execute(query)).one_or_none()) is not None:
        await connection.execute(update(outcomes).where(outcomes.c.id == last.id).values(project.relapsed_row(at)))
        await _count(connection, last.pattern, at, worked=-1)


async def _count(connection: AsyncConnection, pattern: str, at: datetime, *, tried: int = 0, worked: int = 0) -> None:
    """A failure that only looks have named so far, and no log, has no row yet."""
    tally = {"tried": knowledge.c.tried + tried, "worked": knowledge.c.worked + worked}
    this = knowledge.c.id == key(pattern)
    if not (await connection.execute(update(knowledge).where(this).values(tally))).rowcount:
        first = {"id": key(pattern), "title": line(pattern), "created_at": at, "times_used": 0}
        await connection.execute(insert(knowledge).values(**first, tried=tried, worked=worked))


async def _lessons(connection: AsyncConnection, pattern: str, environment: str) -> list[Lesson]:
    here = (outcomes.c.pattern == key(pattern)) & (outcomes.c.environment == key(environment))
    query = select(outcomes).where(here).order_by(outcomes.c.id.desc()).limit(LESSONS)
    return [replace(_lesson(row), pattern=pattern, environment=environment) for row in await connection.execute(query)]


def _lesson(row: Row[Any]) -> Lesson:
    rejected = row.judgement == project.REJECTED
    return Lesson(
        at=row.at,
        incident=IncidentId(row.incident_id),
        pattern=row.pattern,
        action=row.action,
        environment=row.environment,
        judgement=Judgement.UNKNOWN if rejected else Judgement(row.judgement),
        confidence=row.confidence,
        seconds=row.seconds,
        recurred=row.recurred_at is not None,
        rejected=rejected,
    )
