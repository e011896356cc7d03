"""Asks systemd over D-Bus: what a unit does, to restart it, to change its memory limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dbus_fast import AuthError, DBusFastError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from adapters.targets.services.failures import Denied, Lost, NotSent, plain
from adapters.targets.services.found import NO_LIMIT, Gone, Unit
from engine.errors import Refused

SYSTEMD = "org.freedesktop.systemd1"
MANAGER = "org.freedesktop.systemd1.Manager"
PROPERTIES = "org.freedesktop.DBus.Properties"
ROOT = "/org/freedesktop/systemd1"

NO_SUCH_UNIT = f"{SYSTEMD}.NoSuchUnit"
DENIED = frozenset(
    {
        "org.freedesktop.DBus.Error.AccessDenied",
        "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
        "org.freedesktop.DBus.Error.AuthFailed",
    }
)
NOBODY_THERE = frozenset({"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"})
CUT_OFF = frozenset({"org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected"})


class _Failed(Refused):
    """systemd's own refusal, by its name on the bus."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"systemd refused: {words.rstrip('.')}.")
        self.name = name


class Systemd:
    """One bus with a systemd on it. Each question has a connection of its own, so a restarted bus is no trouble."""

    def __init__(self, socket: str, timeout_seconds: float) -> None:
        self.place = socket
        self._timeout = timeout_seconds

    async def find(self, service: str) -> Unit | Gone:
        """Read only; a unit that is not running is read from its file. Raises Unreachable, Denied."""
        async with self._connected() as bus:
            path = await self._read(bus, ROOT, MANAGER, "LoadUnit", "s", [service])
            shown = await self._read(bus, str(path), PROPERTIES, "GetAll", "s", [""])
        return _unit({name: value.value for name, value in shown.items()}, service)

    async def version(self) -> str:
        """Raises Unreachable, Denied."""
        async with self._connected() as bus:
            found = await self._read(bus, ROOT, PROPERTIES, "Get", "ss", [MANAGER, "Version"])
        return plain(found.value)

    async def restart(self, service: str) -> None:
        """Returns once systemd has taken it as a job. ``fail``: a job of somebody else's is not pushed aside.

        Raises NotSent, Lost, Denied, Refused.
        """
        async with self._connected() as bus:
            await self._ask(bus, ROOT, MANAGER, "RestartUnit", "ss", [service, "fail"])

    async def limit(self, service: str, most: int) -> None:
        """Set MemoryMax in bytes, to stay after a reboot. Raises NotSent, Lost, Denied, Refused."""
        body = [service, False, [["MemoryMax", Variant("t", most)]]]
        async with self._connected() as bus:
            await self._ask(bus, ROOT, MANAGER, "SetUnitProperties", "sba(sv)", body)

    async def may_restart_anything(self) -> bool:
        """Whether we may restart what nobody has heard of: systemd asks for the right first, and then finds nothing."""
        try:
            await self.restart("oncall-agent-asks-what-it-may.service")
        except _Failed as failed:
            return failed.name == NO_SUCH_UNIT
        except Denied:
            return False
        return True

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[MessageBus]:
        bus = MessageBus(bus_address=f"unix:path={_escaped(self.place)}")
        try:
            async with asyncio.timeout(self._timeout):
                await bus.connect()
        except (OSError, EOFError, AuthError, DBusFastError, AttributeError) as error:  # Attribute: closed at hello
            raise NotSent(f"systemd cannot be asked at {self.place}: {plain(error)}.") from None
        try:
            yield bus
        finally:
            bus.disconnect()

    async def _read(
        self, bus: MessageBus, path: str, interface: str, member: str, signature: str, body: Sequence[object]
    ) -> Any:
        """A lost answer to a question that changes nothing is a question not asked."""
        try:
            return await self._ask(bus, path, interface, member, signature, body)
        except Lost as error:
            raise NotSent(str(error)) from None

    async def _ask(
        self, bus: MessageBus, path: str, interface: str, member: str, signature: str, body: Sequence[object]
    ) -> Any:
        """Raises NotSent, Lost, Denied, Refused."""
        message = Message(SYSTEMD, path, interface, member, signature=signature, body=list(body))
        try:
            async with asyncio.timeout(self._timeout):
                reply = await bus.call(message)
        except TimeoutError:
            raise Lost("systemd did not answer in time.") from None
        except (OSError, EOFError, DBusFastError):
            reply = None
        if reply is None:
            raise Lost("The bus broke the connection off before systemd had answered.")
        if reply.message_type is MessageType.ERROR:
            raise self._refusal(reply)
        return reply.body[0] if reply.body else None

    def _refusal(self, reply: Message) -> Exception:
        name, words = reply.error_name or "", plain(reply.body[0] if reply.body else reply.error_name)
        if name in DENIED:
            return Denied(f"systemd forbids it: {words.rstrip('.')}.")
        if name in NOBODY_THERE:
            return NotSent(f"There is no systemd at {self.place}: {words.rstrip('.')}.", temporary=False)
        if name in CUT_OFF:
            return Lost(f"systemd did not answer: {words.rstrip('.')}.")
        return _Failed(name, words)


def _escaped(path: str) -> str:
    """As a D-Bus address writes a path: what is not plain is a percent sign and two digits."""
    plain_signs = "-_/.\\*"
    return "".join(
        sign
        if sign.isascii() and (sign.isalnum() or sign in plain_signs)
        else "".join(f"%{b:02x}" for b in sign.encode())
        for sign in path
    )


def _unit(shown: Mapping[str, Any], service: str) -> Unit | Gone:
    load, name = shown.get("LoadState"), str(shown.get("Id", service))
    if load == "not-found":
        return Gone(f"systemd knows no unit {service}.")
    if load != "loaded":
        why = (shown.get("LoadError") or ["", ""])[1]
        return Gone(f"systemd cannot use unit {service}: it is {plain(load)}{f', {plain(why)}' if why else ''}.")
    return Unit(
        name=name,
        active=str(shown.get("ActiveState", "")),
        sub=str(shown.get("SubState", "")),
        invocation=bytes(shown.get("InvocationID", b"")).hex(),
        type=str(shown.get("Type", "")),
        result=str(shown.get("Result", "success")),
        restarts=int(shown.get("NRestarts", 0)),
        memory_max=int(shown.get("MemoryMax", NO_LIMIT)),
        memory_current=int(shown.get("MemoryCurrent", NO_LIMIT)),
        since=int(shown.get("ActiveEnterTimestamp", 0)) / 1_000_000,
        job=bool(shown.get("Job", [0])[0]),
    )
