"""Which rights the agent's user lacks, and which it has too many, for ``oncall check``."""

from __future__ import annotations

import re

from adapters.targets.mysql.server import Server
from adapters.targets.place import Fence
from engine.errors import Misconfigured

NEEDED = {True: {"PROCESS", "CONNECTION ADMIN"}, False: {"PROCESS", "CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN"}}
"""By whether it is MariaDB."""

HARMLESS = {"USAGE", "SELECT", "CONNECTION ADMIN", "CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN", "PROCESS"}

EVERYTHING = {"ALL PRIVILEGES", "ALL", "SUPER"}


async def rights(server: Server, fence: Fence) -> str:
    """One sentence. Raises Misconfigured with the grant that is missing, Unreachable."""
    async with server.session() as connection:
        version = await server.version(connection)
        grants = [str(next(iter(row.values()))) for row in await server.ask(connection, "SHOW GRANTS")]
    has = granted(grants)
    lacking = sorted(NEEDED["MariaDB" in version] - has)
    if lacking and not has & EVERYTHING:
        grant = f"GRANT {', '.join(lacking)} ON *.* TO {server.user};"
        raise Misconfigured(f"The user {server.user} at {server.place} may not see or end sessions. Run: {grant}")
    product = "MariaDB" if "MariaDB" in version else "MySQL"
    said = [f"{product} {version.split('-')[0]} at {server.place}, as {server.user}"]
    if too_much := sorted(has - HARMLESS):
        said.append(f"has {', '.join(too_much)}, which it does not need")
    if not fence.names(server.place):
        said.append(f"looks only, because {fence.setting} names nothing there")
    return ", ".join(said)


def granted(grants: list[str]) -> set[str]:
    """The rights that hold for all databases, out of SHOW GRANTS."""
    found = (re.match(r"GRANT (.+?) ON \*\.\* TO ", grant) for grant in grants)
    return {right.strip() for one in found if one for right in one[1].split(",")}
