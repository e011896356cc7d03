"""Which services may be restarted, and where systemd and Docker are asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from engine.errors import Misconfigured

_NAME = re.compile(r"[\w:.@*?\\-]+")


@dataclass(frozen=True, slots=True)
class ServicesSettings:
    """``bus`` is ``system``, ``user`` or the full path of a bus' socket; empty: systemd is not asked. ``docker`` is the
    full path of Docker's socket; empty: Docker is not asked. ``allowed`` are names of units or containers, with ``*``
    for any characters; empty: nothing may be done to any. A service that has been up for ``stable_seconds`` is up;
    Docker kills a container that has not ended by itself after ``grace_seconds``, as it does by default.
    """

    bus: str = "system"
    docker: str = ""
    allowed: tuple[str, ...] = ()
    timeout_seconds: float = 30
    stable_seconds: float = 10
    grace_seconds: int = 10

    def __post_init__(self) -> None:
        for path in (self.socket, self.docker):
            if path and not path.startswith("/"):
                raise Misconfigured(f"{path!r} is neither a bus nor the full path of a socket.")
        for name in self.allowed:
            if not _NAME.fullmatch(name) or not name.strip("*?."):
                raise Misconfigured(f"SERVICES_ALLOWED: {name!r} is not the name of a service.")

    @property
    def socket(self) -> str:
        """The path of the bus' socket, as D-Bus' own defaults have it."""
        places = {"system": "/run/dbus/system_bus_socket", "user": f"/run/user/{os.getuid()}/bus"}
        return places.get(self.bus, self.bus)

    def allows(self, name: str) -> bool:
        """``nginx`` and ``nginx.service`` are one name."""
        bare = name.removesuffix(".service")
        return any(fnmatchcase(bare, pattern.removesuffix(".service")) for pattern in self.allowed)
