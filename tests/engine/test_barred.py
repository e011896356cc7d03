"""What the settings do not let a target do is said before anybody presses, and refused without spending the proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from engine import decide
from engine.errors import Refused
from engine.model import ActionSpec, ActionStatus
from tests.engine.desks import Machine, desk, proposed, settle


@dataclass
class Fenced(Machine):
    """It acts on the DAG "billing" alone, and by actions of these names on no other."""

    fenced: tuple[str, ...] = ("restart_dag_task", "clear_dag_run")

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return {
            name: replace(spec, wrong=_within) if name in self.fenced else spec
            for name, spec in super().catalogue().items()
        }


def _within(parameters: Mapping[str, str]) -> Mapping[str, str]:
    return {} if parameters.get("dag_id") == "billing" else {"dag_id": "is not among AIRFLOW_DAGS"}


async def test_the_card_says_so_and_a_press_spends_nothing() -> None:
    machine = Fenced()
    office = desk(machine)
    incident = await proposed(machine, office)
    assert incident.diagnosis
    assert incident.diagnosis.hand_over.endswith(" is not allowed as it stands: dag_id is not among AIRFLOW_DAGS.")
    with pytest.raises(Refused, match=r"is not among AIRFLOW_DAGS\. Nothing was sent"):
        await decide.approve(office, incident.number, "bob")
    assert (await office.incidents.numbered(1)).action_status is ActionStatus.PENDING
    await decide.approve(office, incident.number, "bob", "", {"dag_id": "billing"})
    await settle(office, incident)
    assert len(machine.acts) == 1


async def test_what_is_allowed_is_proposed_first() -> None:
    machine = Fenced(fenced=("restart_dag_task",))
    incident = await proposed(machine, desk(machine))
    assert incident.action
    assert incident.action.name == "clear_dag_run"


async def test_a_dry_run_sends_nothing_so_nothing_bars_it() -> None:
    machine = Fenced(dry_run=True)
    office = desk(machine)
    incident = await proposed(machine, office)
    assert incident.diagnosis
    assert "not allowed" not in incident.diagnosis.hand_over
    assert (await decide.approve(office, incident.number, "bob")).action_status is ActionStatus.APPROVED
