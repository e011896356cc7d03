"""A desk in memory with the product's own stand-ins, and a target that does as it is told."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from engine import group, identify, knowledge
from engine.desk import Desk, Policy
from engine.detect import Detector
from engine.errors import Unreachable
from engine.model import (
    Action,
    ActionSpec,
    Entry,
    Evidence,
    Incident,
    Judgement,
    Outcome,
    Parameter,
    Result,
    Risk,
    Verdict,
    WaitsFor,
)
from engine.ports import Target
from engine.respond import advance
from storage.memory import MemoryIncidents
from tests.clock import FakeClock

DETECTOR = Detector(knowledge.load(), identify.load())

TIMEOUT = (
    '{"timestamp":"2026-11-21T02:59:00Z","level":"error","event":"Process timed out","run_id":"manual__1",'
    '"task_id":"transform","map_index":-1,"try_number":1,"dag_id":"orders"}'
)

NO_RUN = TIMEOUT.replace('"run_id":"manual__1",', "")
"""It does not say in which run."""


def entry(text: str = TIMEOUT, position: int = 0, source: str = "/logs/a.log") -> Entry:
    return Entry(text, source, position)


def _spec(name: str, *parameters: str) -> ActionSpec:
    known = tuple(Parameter(one, one) for one in parameters)
    return ActionSpec(
        name,
        known,
        Risk.LOW,
        f"Does {name} with {' '.join(f'{{{one}}}' for one in parameters)}",
        "Nothing to undo",
        str,
        verify_within=timedelta(minutes=1),
    )


@dataclass
class Machine(Target):
    """A machine with one state. ``act`` moves it to ``after``; what goes wrong is set by the test."""

    name: str = "airflow"
    state: Mapping[str, str] = field(default_factory=lambda: {"state": "failed", "try_number": "1"})
    healthy: bool | None = False
    result: Result = Result.DONE
    verdicts: list[Judgement] = field(default_factory=lambda: [Judgement.NOT_YET, Judgement.WORKED])
    unreachable: bool = False
    acts: list[str] = field(default_factory=list)
    dry_run: bool = False

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return {
            "restart_dag_task": _spec("restart_dag_task", "dag_id", "dag_run_id", "task_id"),
            "clear_dag_run": _spec("clear_dag_run", "dag_id", "dag_run_id"),
        }

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        self._answer()
        return Evidence(self.name, f"the task is {self.state}", self.state, self.healthy)

    async def act(self, action: Action) -> Outcome:
        self.acts.append(action.name)
        return Outcome(self.result, "sent")

    async def verify(self, action: Action) -> Verdict:
        self._answer()
        judgement = self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]
        return Verdict(judgement, "looked")

    def _answer(self) -> None:
        if self.unreachable:
            raise Unreachable("Airflow did not answer.")


def desk(machine: Target, clock: FakeClock | None = None, policy: Policy | None = None) -> Desk:
    ids = (f"{number:032x}" for number in itertools.count(1))
    return Desk(
        incidents=MemoryIncidents(("web",)),
        detector=DETECTOR,
        targets={machine.name: machine},
        clock=clock or FakeClock(),
        new_id=lambda: next(ids)[::-1],
        policy=policy or Policy(),
    )


async def settle(office: Desk, incident: Incident) -> Incident:
    """Let the machine do all that waits for it."""
    incident = await office.incidents.get(incident.id)
    while incident.waits_for is WaitsFor.MACHINE:
        incident = await advance(office, incident)
    return incident


async def proposed(machine: Machine, office: Desk) -> Incident:
    [incident] = await group.hear(office, [entry()])
    return await settle(office, incident)
