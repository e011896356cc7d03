"""Services of this machine: units of systemd, and where it has no such unit, containers of Docker.

The least right that is enough, for a user ``oncall`` on the system bus, is a file in /etc/polkit-1/rules.d; name the
units there that SERVICES_ALLOWED names::

    polkit.addRule(function (action, subject) {
      var units = ["nginx.service", "airflow-scheduler.service"], verbs = ["restart", "set-property"];
      if (action.id == "org.freedesktop.systemd1.manage-units" && subject.user == "oncall" &&
          units.indexOf(action.lookup("unit")) >= 0 && verbs.indexOf(action.lookup("verb")) >= 0)
        return polkit.Result.YES;
    });

No sudo is needed, and none is used. On a user's own bus no rule is needed: it reaches that user's units only. Docker's
socket knows no lesser right than root of the machine: give it through a proxy that passes only GET /version,
GET /containers/<name>/json and POST /containers/<id>/restart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from adapters.targets.services.actions import CATALOGUE, Limit, Restart, checked, fenced
from adapters.targets.services.docker import Docker
from adapters.targets.services.failures import Lost
from adapters.targets.services.found import Container, Found, Gone, Unit, healthy, sentence, size, state
from adapters.targets.services.settings import ServicesSettings
from adapters.targets.services.systemd import Systemd
from adapters.targets.services.verdicts import limited, no_limit_for, restarted
from engine.errors import Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "Services", "ServicesSettings"]


class Services(Target):
    """Without ``allowed`` names nothing can be done; any service can be looked at."""

    name = "services"
    dry_run = False

    def __init__(self, settings: ServicesSettings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._systemd = Systemd(settings.socket, settings.timeout_seconds) if settings.bus else None
        self._docker = _docker(settings)
        self._catalogue = fenced(settings)
        self._now = now

    async def close(self) -> None:
        if self._docker:
            await self._docker.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return self._catalogue

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the service ``unit``. Raises Unreachable."""
        try:
            wanted = checked("restart_service", {"unit": identifiers.get("unit", "")})
            found = await self._find(wanted)
        except Refused as error:
            return Evidence(self.name, f"Not looked at: {error}")
        return Evidence(self.name, f"{sentence(found).rstrip('.')}.", state(found), healthy(found))

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: what may or may not have arrived is UNKNOWN, all else is known not to have happened."""
        try:
            wanted = self._fenced(action)
            found = await self._find(wanted)
        except (Refused, Unreachable) as error:
            return Outcome(Result.FAILED, f"{error} Nothing was done.")
        if state(found) != action.seen:
            return Outcome(Result.CHANGED, f"{sentence(found).rstrip('.')}: not what you saw. Nothing was done.")
        try:
            return await self._do(wanted, found)
        except Lost as error:
            return Outcome(Result.UNKNOWN, f"{error} Whether it took effect is not known.")
        except (Refused, Unreachable) as error:
            return Outcome(Result.FAILED, f"{error} Nothing was done.")

    async def verify(self, action: Action) -> Verdict:
        """WORKED only if the very service that was seen is up, and stays up, in a later start. Raises Unreachable."""
        try:
            wanted = checked(action.name, action.parameters)
            found = await self._find(wanted)
        except Refused as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        if isinstance(wanted, Limit):
            return limited(found, action.seen, wanted.bytes)
        return restarted(found, action.seen, self._now(), self._settings.stable_seconds)

    async def check(self) -> str:
        """One sentence about who answers, and which right is too much. Raises OnCallError with what to do."""
        parts = []
        if self._systemd:
            parts.append(f"systemd {await self._systemd.version()}{await self._too_much(self._systemd)}")
        if self._docker:
            parts.append(f"{await self._docker.version()}, whose socket gives all rights on the machine")
        if not parts:
            raise Unreachable("Neither a bus nor Docker's socket is set.", temporary=False)
        return f"{'; '.join(parts)}; {await self._named()}"

    async def _too_much(self, systemd: Systemd) -> str:
        if self._settings.bus == "user" or not await systemd.may_restart_anything():
            return ""
        who = "root may" if os.geteuid() == 0 else "we may"
        return f", where {who} restart every unit, more than is needed: see the polkit rule"

    async def _named(self) -> str:
        """Of the allowed services that are named without a pattern, those that are not there."""
        allowed = self._settings.allowed
        if not allowed:
            return "SERVICES_ALLOWED names none, so nothing can be done"
        exact = [name for name in allowed if not set("*?") & set(name)]
        missing = [name for name in exact if isinstance(await self._find(Restart(unit=name)), Gone)]
        return f"not there: {', '.join(missing)}" if missing else f"may act on {', '.join(allowed)}"

    def _fenced(self, action: Action) -> Restart:
        """Raises Refused."""
        wanted = checked(action.name, action.parameters)
        if not self._settings.allows(wanted.unit):
            raise Refused(f"{wanted.unit} is not among SERVICES_ALLOWED.")
        return wanted

    async def _find(self, wanted: Restart) -> Found:
        """Raises Unreachable, Refused."""
        found: Found = Gone(f"There is no service {wanted.unit}.")
        if self._systemd:
            found = await self._systemd.find(wanted.service)
        if self._docker and isinstance(found, Gone):
            container = await self._docker.find(wanted.container)
            return found if self._systemd and isinstance(container, Gone) else container
        return found

    async def _do(self, wanted: Restart, found: Found) -> Outcome:
        """Raises NotSent, Lost, Refused."""
        match found:
            case Gone():
                raise Refused(sentence(found))
            case Unit() if not self._settings.allows(found.name):
                raise Refused(f"{wanted.unit} is another name of {found.name}, which is not among SERVICES_ALLOWED.")
            case Unit() if self._systemd and isinstance(wanted, Limit):
                return await _limit(self._systemd, wanted, found)
            case Unit() if self._systemd:
                await self._systemd.restart(found.name)
                return Outcome(Result.DONE, f"systemd restarts {found.name}.")
            case Container() if self._docker and not isinstance(wanted, Limit):
                await self._docker.restart(found.id)
                return Outcome(Result.DONE, f"Docker has restarted {found.name} ({found.id[:12]}).")
            case _:
                raise Refused(f"{wanted.unit} is a container, and only a unit's memory can be adjusted.")


def _docker(settings: ServicesSettings) -> Docker | None:
    return Docker(settings.docker, settings.timeout_seconds, settings.grace_seconds) if settings.docker else None


async def _limit(systemd: Systemd, wanted: Limit, unit: Unit) -> Outcome:
    if unit.memory_max == wanted.bytes:
        return Outcome(Result.NOTHING_DONE, f"{unit.name} has that limit already.")
    if why := no_limit_for(unit, wanted.bytes, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")):
        raise Refused(why)
    await systemd.limit(unit.name, wanted.bytes)
    return Outcome(Result.DONE, f"systemd has set the memory limit of {unit.name} to {size(wanted.bytes)}.")
