"""Services against a real systemd on a real bus: every action, and each way in which it can go wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from adapters.targets.services import Services, ServicesSettings
from engine.errors import Unreachable
from engine.model import Judgement, Result
from tests.approved import bound, ends, proposed
from tests.servers.cut import cut_line
from tests.servers.systemd import SystemdServer
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.real

ALLOWED = ("oncall-*", "health.service")
HOLD = "/bin/sleep 1000"
_numbers = count(1)


def target_at(socket: str | Path, seconds: float = PATIENCE, stable: float = 1) -> Services:
    return Services(ServicesSettings(bus=str(socket), allowed=ALLOWED, timeout_seconds=seconds, stable_seconds=stable))


@pytest.fixture
async def target(systemd: SystemdServer) -> AsyncIterator[Services]:
    target = target_at(systemd.socket)
    yield target
    await target.close()


@pytest.fixture
def unit(systemd: SystemdServer) -> Iterator[str]:
    """A service that is up."""
    name = systemd.unit(f"oncall-up-{next(_numbers)}.service", ExecStart=HOLD)
    systemd.control("start", name)
    yield name
    systemd.control("stop", name)


async def is_(systemd: SystemdServer, name: str, state: str) -> bool:
    return systemd.shows(name, "ActiveState") == state


async def test_a_dead_service_is_restarted_and_stays_up(systemd: SystemdServer, target: Services, unit: str) -> None:
    os.kill(int(systemd.shows(unit, "MainPID")), signal.SIGKILL)
    await until(lambda: is_(systemd, unit, "failed"))
    evidence = await target.look({"unit": unit.removesuffix(".service")})
    assert evidence.healthy is False
    assert "is failed (failed), last result: signal" in evidence.summary
    restart = await proposed(target, "restart_service", unit=unit)
    before = await target.verify(restart)
    assert before.judgement is Judgement.UNKNOWN
    assert "the request did not arrive" in before.detail

    assert (await target.act(restart)).result is Result.DONE
    patient = target_at(systemd.socket, stable=600)
    assert (await patient.verify(restart)).judgement is Judgement.NOT_YET, "up for a moment is not up"
    await patient.close()
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert systemd.shows(unit, "ActiveState") == "active"
    assert (await target.look({"unit": unit})).healthy is True


async def test_twice_does_no_harm(systemd: SystemdServer, target: Services, unit: str) -> None:
    restart = await proposed(target, "restart_service", unit=unit)
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    pid = systemd.shows(unit, "MainPID")
    again = await target.act(restart)
    assert again.result is Result.CHANGED
    assert "not what you saw. Nothing was done." in again.detail
    assert systemd.shows(unit, "MainPID") == pid


async def test_one_that_was_restarted_meanwhile_is_left_alone(
    systemd: SystemdServer, target: Services, unit: str
) -> None:
    restart = await proposed(target, "restart_service", unit=unit)
    limit = await proposed(target, "adjust_memory_config", unit=unit, memory_limit="512M")
    systemd.control("restart", unit)
    pid = systemd.shows(unit, "MainPID")
    assert (await target.act(restart)).result is Result.CHANGED
    assert (await target.act(limit)).result is Result.CHANGED
    assert (systemd.shows(unit, "MainPID"), systemd.shows(unit, "MemoryMax")) == (pid, "infinity")


@pytest.mark.parametrize(
    ("service", "judgement"),
    [
        ({"ExecStart": "/bin/false"}, Judgement.FAILED),
        ({"ExecStart": "/nowhere"}, Judgement.FAILED),
        ({"ExecStart": "/bin/false", "Restart": "always", "RestartSec": "30"}, Judgement.FAILED),
        ({"ExecStart": "/bin/true"}, Judgement.UNKNOWN),
    ],
)
async def test_what_a_start_comes_to(
    systemd: SystemdServer, target: Services, service: dict[str, str], judgement: Judgement
) -> None:
    name = systemd.unit(f"oncall-start-{next(_numbers)}.service", **service)
    restart = await proposed(target, "restart_service", unit=name)
    assert restart.seen == {"by": "systemd", "active_state": "inactive", "invocation": "none", "memory_max": "infinity"}
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is judgement
    systemd.control("stop", name)


@pytest.mark.parametrize(("type", "judgement"), [("oneshot", Judgement.WORKED), ("simple", Judgement.FAILED)])
async def test_a_failed_one_that_now_runs_to_its_end(
    systemd: SystemdServer, target: Services, tmp_path: Path, type: str, judgement: Judgement
) -> None:
    """Which is what a oneshot is for, and no other."""
    name = systemd.unit(f"oncall-end-{type}.service", Type=type, ExecStart=f"/usr/bin/test -e {tmp_path}/mended")
    systemd.control("start", name)
    await until(lambda: is_(systemd, name, "failed"))
    restart = await proposed(target, "restart_service", unit=name)
    assert restart.seen["active_state"] == "failed"
    (tmp_path / "mended").touch()
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is judgement


async def test_one_that_comes_up_by_itself_earns_no_credit(
    systemd: SystemdServer, target: Services, tmp_path: Path
) -> None:
    waits = f"/bin/sh -c 'until test -e {tmp_path}/up; do sleep 0.1; done'"
    name = systemd.unit("oncall-slow.service", ExecStart=HOLD, ExecStartPre=waits)
    systemd.control("start", "--no-block", name)
    restart = await proposed(target, "restart_service", unit=name)
    assert restart.seen["active_state"] == "activating"
    (tmp_path / "up").touch()
    await until(lambda: is_(systemd, name, "active"))
    assert (await target.verify(restart)).judgement is Judgement.RECOVERED
    assert (await target.act(restart)).result is Result.CHANGED
    systemd.control("stop", name)


async def test_a_job_of_somebody_elses_is_not_pushed_aside(systemd: SystemdServer, target: Services) -> None:
    name = systemd.unit("oncall-stopping.service", ExecStart=HOLD, ExecStop="/bin/sleep 600", TimeoutStopSec="600")
    systemd.control("start", name)
    restart = await proposed(target, "restart_service", unit=name)
    systemd.control("stop", "--no-block", name)
    outcome = await target.act(bound(target, "restart_service", (await target.look({"unit": name})).state, unit=name))
    assert outcome.result is Result.FAILED
    assert "systemd refused" in outcome.detail
    assert (await target.act(restart)).result is Result.CHANGED
    assert (await target.verify(restart)).judgement is Judgement.NOT_YET
    systemd.control("kill", "-s", "KILL", name)


async def test_a_memory_limit(systemd: SystemdServer, target: Services, unit: str) -> None:
    limit = await proposed(target, "adjust_memory_config", unit=unit, memory_limit="512M")
    pid = systemd.shows(unit, "MainPID")
    assert (await target.verify(limit)).judgement is Judgement.UNKNOWN
    assert (await target.act(limit)).result is Result.DONE
    assert (await target.verify(limit)).judgement is Judgement.WORKED
    assert (systemd.shows(unit, "MemoryMax"), systemd.shows(unit, "MainPID")) == (str(512 * 2**20), pid)
    assert (await target.act(limit)).result is Result.CHANGED
    same = await proposed(target, "adjust_memory_config", unit=unit, memory_limit="512M")
    assert (await target.act(same)).result is Result.NOTHING_DONE
    more = await proposed(target, "adjust_memory_config", unit=unit, memory_limit="9999G")
    outcome = await target.act(more)
    assert outcome.result is Result.FAILED
    assert "This machine has" in outcome.detail
    systemd.control("set-property", unit, "MemoryMax=1G")
    assert (await target.verify(more)).judgement is Judgement.UNKNOWN, "somebody else has set another"


async def test_a_service_outside_the_fence(systemd: SystemdServer, target: Services) -> None:
    systemd.unit("private.service", ExecStart=HOLD, Type="simple")
    alias = Path(systemd.home / ".config/systemd/user/oncall-alias.service")
    alias.symlink_to("private.service")
    systemd.control("daemon-reload")
    for name in ("private", "private.service", "oncall-alias"):
        seen = (await target.look({"unit": name})).state
        assert seen["active_state"] == "inactive", "looking is allowed"
        outcome = await target.act(bound(target, "restart_service", seen, unit=name))
        assert outcome.result is Result.FAILED
        assert "SERVICES_ALLOWED" in outcome.detail
        assert systemd.shows("private", "ActiveState") == "inactive"
    spec = target.catalogue()["restart_service"]
    assert spec.wrong({"unit": "private"}) == {"unit": "is not among SERVICES_ALLOWED"}
    assert spec.wrong({"unit": "oncall-up"}) == {}


async def test_what_does_not_exist_or_cannot_be_used(systemd: SystemdServer, target: Services) -> None:
    evidence = await target.look({"unit": "oncall-nothing"})
    assert (evidence.state, evidence.healthy) == ({"exists": "no"}, None)
    outcome = await target.act(await proposed(target, "restart_service", unit="oncall-nothing"))
    assert outcome.result is Result.FAILED
    assert "knows no unit oncall-nothing.service" in outcome.detail
    broken = systemd.unit("oncall-broken.service", Nonsense="1")
    assert "bad-setting" in (await target.look({"unit": broken})).summary


async def test_the_bus_forbids_it(systemd: SystemdServer, target: Services, unit: str) -> None:
    restart = await proposed(target, "restart_service", unit=unit)
    limit = await proposed(target, "adjust_memory_config", unit=unit, memory_limit="512M")
    for action, member in ((restart, "RestartUnit"), (limit, "SetUnitProperties")):
        with systemd.forbidding(member):
            outcome = await target.act(action)
            assert outcome.result is Result.FAILED
            assert "systemd forbids it" in outcome.detail
    assert (await target.look({"unit": unit})).state == restart.seen


@pytest.mark.parametrize("silent", [False, True])
async def test_the_answer_is_lost(systemd: SystemdServer, tmp_path: Path, unit: str, silent: bool) -> None:
    direct = target_at(systemd.socket)
    restart = await proposed(direct, "restart_service", unit=unit)
    async with cut_line(tmp_path / "bus", systemd.socket, b"RestartUnit", silent=silent) as line:
        outcome = await target_at(tmp_path / "bus", seconds=5 if silent else PATIENCE).act(restart)
    assert (outcome.result, line.arrived) == (Result.UNKNOWN, 1)
    assert "Whether it took effect is not known" in outcome.detail
    assert (await ends(direct, restart)).judgement is Judgement.WORKED, "it had arrived"


async def test_the_line_is_cut_before_anything_was_sent(systemd: SystemdServer, tmp_path: Path, unit: str) -> None:
    restart = await proposed(target_at(systemd.socket), "restart_service", unit=unit)
    for moment in (b"Hello", b"LoadUnit", b"AUTH"):
        async with cut_line(tmp_path / moment.decode(), systemd.socket, moment):
            cut = target_at(tmp_path / moment.decode())
            outcome = await cut.act(restart)
            assert outcome.result is Result.FAILED
            assert "Nothing was done" in outcome.detail
            with pytest.raises(Unreachable):
                await cut.look({"unit": unit})


async def test_no_bus_is_there(tmp_path: Path) -> None:
    target = target_at(tmp_path / "bus")
    for ask in (
        target.look({"unit": "oncall-x"}),
        target.verify(bound(target, "restart_service", {}, unit="oncall-x")),
    ):
        with pytest.raises(Unreachable, match="cannot be asked"):
            await ask
    assert (
        await target.act(bound(target, "restart_service", {"by": "systemd"}, unit="oncall-x"))
    ).result is Result.FAILED


@pytest.mark.parametrize(
    "name",
    ["../x", "a/b", "a;reboot", "$(reboot)", "'x'", "a\nb", "-f", "oncall-*", "x@.service", "a.mount", "x" * 300],
)
async def test_a_hostile_name_reaches_nobody(target: Services, name: str) -> None:
    assert (await target.look({"unit": name})).state == {}
    for action in ("restart_service", "adjust_memory_config"):
        outcome = await target.act(bound(target, action, {"by": "systemd"}, unit=name, memory_limit="512M"))
        assert outcome.result is Result.FAILED
    assert "unit" in target.catalogue()["restart_service"].wrong({"unit": name})


@pytest.mark.parametrize("memory", ["0", "-1G", "1", "infinity", "90%", "1e9", "1G\n", "99999999999999999999", "٣G"])
async def test_a_hostile_size_reaches_nobody(target: Services, memory: str) -> None:
    action = bound(target, "adjust_memory_config", {"by": "systemd"}, unit="oncall-x", memory_limit=memory)
    assert (await target.act(action)).result is Result.FAILED
    assert "memory_limit" in target.catalogue()["adjust_memory_config"].wrong(action.parameters)


async def test_check(systemd: SystemdServer, target: Services, unit: str) -> None:
    said = await target.check()
    assert said.startswith("systemd 2")
    assert "restart every unit, more than is needed" in said
    assert said.endswith("not there: health.service")
    with systemd.forbidding("RestartUnit"):
        assert "more than is needed" not in await target.check()
