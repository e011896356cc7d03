"""What systemd itself does with a restart that it has taken: it may count, refuse or skip the start that belongs to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from adapters.targets.services import Services, ServicesSettings
from engine.model import Action, Judgement, Result
from tests import approved
from tests.approved import proposed
from tests.servers.systemd import SystemdServer
from tests.waiting import until

pytestmark = pytest.mark.real

ends = partial(approved.ends, seconds=30)
HOLD = "/bin/sleep 1000"


@pytest.fixture
async def target(systemd: SystemdServer) -> AsyncIterator[Services]:
    settings = ServicesSettings(bus=systemd.socket, allowed=("oncall-*",), timeout_seconds=10, stable_seconds=1)
    target = Services(settings)
    yield target
    await target.close()


async def restarted(target: Services, unit: str) -> Action:
    restart = await proposed(target, "restart_service", unit=unit)
    assert (await target.act(restart)).result is Result.DONE
    return restart


async def test_a_start_beyond_the_limit_is_told_of(systemd: SystemdServer, target: Services) -> None:
    """systemd takes the restart, stops what ran, and then starts it no more: the limit counts starts by hand, too."""
    few = "StartLimitIntervalSec=600\nStartLimitBurst=1"
    unit = systemd.unit("oncall-limited.service", few, ExecStart=HOLD)
    systemd.control("start", unit)
    verdict = await ends(target, await restarted(target, unit))
    assert (verdict.judgement, f"systemctl reset-failed {unit}" in verdict.detail) == (Judgement.FAILED, True), verdict

    again = await ends(target, await restarted(target, unit))
    assert (again.judgement, f"systemctl reset-failed {unit}" in again.detail) == (Judgement.UNKNOWN, True), again
    systemd.control("reset-failed", unit)
    assert (await ends(target, await restarted(target, unit))).judgement is Judgement.WORKED
    systemd.control("stop", unit)


async def test_the_deaths_of_before_are_not_its_own(systemd: SystemdServer, target: Services) -> None:
    """A restart between two attempts of systemd's own does not set its count of them back."""
    unit = "oncall-dying.service"
    dying = partial(systemd.unit, unit, ExecStart="/bin/false", Restart="always")
    dying(RestartSec="100ms")
    systemd.control("start", unit)

    async def is_counted() -> bool:
        return systemd.shows(unit, "NRestarts") not in ("", "0")

    async def waits() -> bool:
        return systemd.shows(unit, "SubState") == "auto-restart"

    await until(is_counted)
    dying(RestartSec="600")
    await until(waits)
    systemd.unit(unit, ExecStart=HOLD, Restart="always", RestartSec="600")
    restart = await restarted(target, unit)
    verdict = await ends(target, restart)
    assert verdict.judgement is Judgement.WORKED, (restart.seen, verdict)
    systemd.control("stop", unit)


@pytest.mark.parametrize(
    "head", ["ConditionPathExists={}/there", "Requires=oncall-needed.service\nAfter=oncall-needed.service"]
)
async def test_a_start_that_systemd_skips_is_not_told_as_an_end(
    systemd: SystemdServer, target: Services, tmp_path: Path, head: str
) -> None:
    (tmp_path / "there").touch()
    needed = partial(systemd.unit, "oncall-needed.service", Type="oneshot")
    needed(ExecStart="/bin/true")
    unit = systemd.unit("oncall-skipped.service", head.format(tmp_path), ExecStart=HOLD)
    systemd.control("start", unit)
    (tmp_path / "there").unlink()
    needed(ExecStart="/bin/false")
    verdict = await ends(target, await restarted(target, unit))
    assert (verdict.judgement, "was not started" in verdict.detail) == (Judgement.FAILED, True), verdict
