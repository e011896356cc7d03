"""Apache Airflow, through its REST API: that of Airflow 3 (/api/v2), or of Airflow 2.10 and later (/api/v1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from adapters.targets.airflow import behind
from adapters.targets.airflow.actions import CATALOGUE, call, place, spoken
from adapters.targets.airflow.behind import Plan, Pool
from adapters.targets.airflow.calls import AIRFLOW_2, AIRFLOW_3, Call, triggered_run
from adapters.targets.airflow.client import AirflowSettings, Client
from adapters.targets.airflow.found import (
    ACTIVE,
    MOVING,
    Dag,
    Dags,
    Found,
    Gone,
    Health,
    Run,
    Task,
    Tasks,
    Version,
    healthy,
    sentence,
    state,
    unscheduled,
)
from adapters.targets.airflow.replies import Lost, Reply
from adapters.targets.airflow.verdicts import left_behind, verdict, why_not
from adapters.targets.airflow.where import Where, pool, where
from engine.errors import Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "Airflow", "AirflowSettings"]

Shown = TypeVar("Shown", bound=BaseModel)
Part = TypeVar("Part")


TURNS = 10
"""Times, a second apart, that a run is looked at; a scheduler that is well comes by about once a second."""


def _now() -> datetime:
    return datetime.now(UTC)


class Airflow(Target):
    name = "airflow"
    dry_run = False
    named_by: tuple[str, ...] = ("dag_id", "dag_run_id", "task_id")

    def __init__(self, settings: AirflowSettings, now: Callable[[], datetime] = _now, turns: int = TURNS) -> None:
        self._client = Client(settings)
        self._covers, self._may_act = settings.covers, bool(settings.dags)
        self._catalogues = {one.api: spoken(one, settings.covers) for one in (AIRFLOW_3, AIRFLOW_2)}
        self._now, self._turns = now, turns

    async def close(self) -> None:
        await self._client.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        """With the requests of the Airflow that was met; nobody proposes anything before a look."""
        return self._catalogues[self._client.dialect.api]

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the task, the run or the DAG, whichever is the finest that is named. Raises Unreachable."""
        try:
            at = where(identifiers)
        except Refused as error:
            return Evidence(self.name, f"Airflow was not looked at: {error}")
        if at.task_id and not at.dag_run_id:
            return await self._look_without_run(at)
        found = await self._find(at)
        paused = not isinstance(found, Dag) and await self._is_paused(at)
        note = " The DAG is paused: nothing of it starts." if paused else ""
        failed = await self._if_told(self._behind(at, found)) or ()
        crowded = await self._if_told(self._crowded(found)) or ""
        words = f"{sentence(found)}.{note}{behind.told(found, failed)}{crowded}"
        return Evidence(self.name, words, state(found), healthy(found), behind.names(failed))

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: what may or may not have arrived is UNKNOWN, all else is known not to have happened."""
        try:
            return await self._act(action)
        except (Refused, Unreachable) as error:
            return Outcome(Result.FAILED, f"{error} Nothing was sent.")

    async def verify(self, action: Action) -> Verdict:
        """WORKED only if the very thing we acted on is well because of it; UNKNOWN if the request did not arrive.

        The same task instance must be a success at a later try than the one seen. Where Airflow shows exactly what
        was seen before, our call never arrived: the detail says so. Raises Unreachable.
        """
        try:
            at = place(action.name, action.parameters)
        except Refused as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        found = await self._find(_judged(action, at))
        if action.name == "restart_dag_task" and unscheduled(found) and await self._if_told(self._is_left_behind(at)):
            return left_behind(found)
        return verdict(action.name, found, action.seen)

    async def check(self) -> str:
        """One sentence about the Airflow that answers. Raises Unreachable with what to do."""
        there = self._client.place
        spoken = await self._client.learn()
        health = await self._read(spoken.health, Health)
        version = await self._read("/version", Version)
        if isinstance(health, Gone) or isinstance(version, Gone):
            raise Unreachable(
                f"{there} answers, but not as Airflow 2.10 or later does: check the url.", temporary=False
            )
        if ill := health.ill(processor_apart=not spoken.basic):
            raise Unreachable(f"Airflow at {there} answers, but its {ill} is not healthy: is it running?")
        await self._read("/dags?limit=1", Dags)  # health and version are open to all; this is not
        looks = "" if self._may_act else "; looks only, because AIRFLOW_DAGS is empty"
        return f"Airflow {version.version} at {there}: healthy, signed in as {self._client.who}{looks}"

    async def _act(self, action: Action) -> Outcome:
        """Raises Refused, or Unreachable as long as nothing has been sent."""
        at = place(action.name, action.parameters)
        if not self._covers(at.dag_id):
            raise Refused(f"DAG {at.dag_id} is not among AIRFLOW_DAGS.")
        request = call(action.name, action.parameters, action.id, await self._client.learn())
        if action.name == "restart_dag_task":
            await self._let_it_end(at)
        found = await self._find(at)
        if (refusal := why_not(action.name, found, dag_paused=await self._is_paused(at))) is not None:
            return refusal
        if state(found) != action.seen:
            return Outcome(Result.CHANGED, f"{sentence(found)}: not what you saw. Nothing was sent.")
        try:
            return self._outcome(request, await self._client.ask(request.method, request.path, request.body))
        except Lost as error:
            return Outcome(Result.UNKNOWN, f"{error} Whether the request took effect is not known.")

    async def _let_it_end(self, at: Where) -> None:
        """Wait while the scheduler is about to end the run: what is cleared in that moment, nobody would run.

        A clear sets back only a run that has ended (airflow.models.taskinstance.clear_task_instances, of 2.11 and 3.3).
        In one that is still running and has nothing left to do, the scheduler ends the run over our request. Where it
        does not come by, the request waits for it as the run does.
        """
        for _ in range(self._turns):
            if not await self._if_told(self._about_to_end(at)):
                return
            await asyncio.sleep(1)

    async def _about_to_end(self, at: Where) -> bool:
        run = await self._read(at.run, Run)
        if not isinstance(run, Run) or run.state != "running":
            return False
        moving = await self._read(f"{at.run}/taskInstances?{MOVING}", Tasks)
        return isinstance(moving, Tasks) and not moving.total_entries

    async def _is_left_behind(self, at: Where) -> bool:
        """Has the run of an unscheduled task ended? Asked in this order, a task that has run meanwhile shows it."""
        run = await self._read(at.run, Run)
        return isinstance(run, Run) and run.state not in ACTIVE and unscheduled(await self._find(at))

    def _outcome(self, request: Call, reply: Reply) -> Outcome:
        if reply.ok and isinstance(reply.body, dict):
            return _done(request, reply.body)
        if reply.ok or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Outcome(Result.UNKNOWN, f"Airflow answered: {reply.words}. Whether it took effect is not known.")
        if reply.status == HTTPStatus.CONFLICT and "dag_run_id" in request.body:
            return Outcome(Result.DONE, f"Run {request.body['dag_run_id']} had been started before, and was not again.")
        if reply.status == HTTPStatus.CONFLICT:
            return Outcome(Result.NOTHING_DONE, f"Airflow did nothing: {reply.words}.")
        return Outcome(Result.FAILED, self._refusal(request.right, reply))

    def _refusal(self, right: str, reply: Reply) -> str:
        if reply.token_refused:
            return f"Airflow did not accept the token of {self._client.who}: {reply.words}. It needs a new one."
        if reply.status == HTTPStatus.FORBIDDEN:
            or_else = ", or its password is wrong, or basic_auth is not on" if self._client.dialect.basic else ""
            return f"Airflow forbids it: {self._client.who} lacks the right to {right}{or_else}."
        return f"Airflow refused: {reply.words}."

    async def _find(self, at: Where) -> Found:
        if at.dag_run_id and at.task_id:
            return await self._find_task(at)
        if at.dag_run_id:
            return await self._read(at.run, Run)
        return await self._read(at.dag, Dag)

    async def _find_task(self, at: Where) -> Task | Gone:
        dialect = await self._client.learn()
        found = await self._read(dialect.task(at), Task)
        if isinstance(found, Task) or at.map_index >= 0:
            return found
        parts = await self._read(f"{at.task}/listMapped?limit=1", Tasks)
        mapped = isinstance(parts, Tasks) and parts.total_entries
        words = f"task {at.task_id} is mapped, and which part of it is meant is not known"
        return Gone(words, for_certain=False) if mapped else found

    async def _is_paused(self, at: Where) -> bool:
        dag = await self._read(at.dag, Dag)
        return isinstance(dag, Dag) and dag.is_paused

    async def _look_without_run(self, at: Where) -> Evidence:
        """Say which run it may have been, but never take it for the one: an identifier is read, not guessed."""
        dag = await self._read(at.dag, Dag)
        if isinstance(dag, Gone):
            return Evidence(self.name, f"{sentence(dag)}.", state(dag))
        tasks = await self._failed_lately(at)
        hint = f" In the last day it failed once: {sentence(tasks[0])}." if len(tasks) == 1 else ""
        words = f"{sentence(dag)}. Which run of task {at.task_id} is meant is not known.{hint}"
        return Evidence(self.name, words, state(dag))

    async def _behind(self, at: Where, found: Found) -> Sequence[Task]:
        """The task instances whose failure this one is, where it is not its own."""
        if isinstance(found, Run) and found.state == "failed":
            return await self._failed_in(at)
        if not (isinstance(found, Task) and found.status == "upstream_failed"):
            return ()
        plan = await self._read(f"{at.dag}/tasks", Plan)
        if isinstance(plan, Gone):
            return ()
        earlier = behind.before(plan, found.task_id)
        return [task for task in await self._failed_in(at) if task.task_id in earlier]

    async def _failed_in(self, at: Where) -> Sequence[Task]:
        """All of the run that failed; none where there may be more than Airflow showed."""
        failed = await self._read(f"{at.run}/taskInstances?{urlencode({'state': 'failed', 'limit': 100})}", Tasks)
        return failed.task_instances if isinstance(failed, Tasks) and failed.complete else ()

    async def _crowded(self, found: Found) -> str:
        """Why a task waits in its queue, if it is because others have all the slots that it could get."""
        if not (isinstance(found, Task) and found.status in ("scheduled", "queued") and (path := pool(found.pool))):
            return ""
        shared = await self._read(path, Pool)
        full = isinstance(shared, Pool) and shared.full
        return f" Its pool {found.pool} is full: none of its slots is open." if full else ""

    async def _if_told(self, question: Awaitable[Part]) -> Part | None:
        """What is good to know, and no reason to fail if Airflow does not say it."""
        try:
            return await question
        except Unreachable:
            return None

    async def _failed_lately(self, at: Where) -> Sequence[Task]:
        """Of all runs of the DAG; none where there may be more than Airflow showed."""
        since = (self._now() - timedelta(days=1)).isoformat()
        only = {} if self._client.dialect.basic else {"task_id": at.task_id}  # Airflow 2 refuses to filter by that
        query = urlencode({**only, "state": "failed", "end_date_gte": since, "limit": 100})
        failed = await self._read(f"{at.dag}/dagRuns/~/taskInstances?{query}", Tasks)
        if isinstance(failed, Gone) or not failed.complete:
            return ()
        return [task for task in failed.task_instances if task.task_id == at.task_id]

    async def _read(self, path: str, kind: type[Shown]) -> Shown | Gone:
        """Raises Unreachable."""
        reply = await self._client.ask("GET", path)
        if reply.status == HTTPStatus.NOT_FOUND and reply.body is not None:
            return Gone(reply.words)
        if not reply.ok:
            raise self._unreadable(reply)
        try:
            return kind.model_validate(reply.body)
        except ValidationError:
            raise self._unreadable(reply) from None

    def _unreadable(self, reply: Reply) -> Unreachable:
        temporary = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if reply.token_refused or reply.status == HTTPStatus.FORBIDDEN:
            return Unreachable(self._refusal("read DAGs and their runs", reply), temporary=False)
        words = "something that Airflow does not say" if reply.ok and reply.body is not None else reply.words
        return Unreachable(f"Airflow at {self._client.place} answered: {words}.", temporary=temporary)


def _judged(action: Action, at: Where) -> Where:
    """What the action is judged by: for a started run that run, for all else what its parameters name."""
    return at.model_copy(update={"dag_run_id": triggered_run(action.id)}) if action.name == "trigger_dag" else at


def _done(request: Call, body: Mapping[str, object]) -> Outcome:
    """Airflow also says 200 where nothing matched: then no task is named, or the run stays in its old state."""
    cleared = body.get("task_instances")
    if isinstance(cleared, list):
        names = ", ".join(str(task.get("task_id")) for task in cleared[:5] if isinstance(task, dict))
        if not cleared:
            return Outcome(Result.NOTHING_DONE, "Airflow found no such task that has failed, and did nothing.")
        return Outcome(Result.DONE, f"Airflow took it, for {names}{' and others' if cleared[5:] else ''}.")
    if request.path.endswith("/clear") and body.get("state") not in ("queued", "running"):
        return Outcome(Result.NOTHING_DONE, "Airflow found nothing failed in that run, and did nothing.")
    return Outcome(Result.DONE, "Airflow took it.")
