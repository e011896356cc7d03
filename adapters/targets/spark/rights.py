"""What is lacking, and what is too much, for acting on this Spark: one sentence for ``oncall check``."""

from __future__ import annotations

from adapters.targets.spark import kept
from adapters.targets.spark.client import Client, SparkSettings
from adapters.targets.spark.sight import Sight, unreadable
from engine.errors import Misconfigured

NOBODY = "driver-oncall-check"
"""A submission that is not there: asking for it shows who may ask, and changes nothing."""


async def rights(settings: SparkSettings, client: Client, sight: Sight) -> str:
    """Raises Unreachable or Misconfigured with what to do."""
    master = await sight.master()
    reply = await client.status(NOBODY)
    version = reply.body.get("serverSparkVersion") if isinstance(reply.body, dict) else None
    if not reply.ok or not isinstance(version, str):
        raise unreadable(client.rest, reply, client.right(reply))
    alive = sum(worker.state == "ALIVE" for worker in master.workers)
    said = [f"Spark {version[:20]} at {client.place}: {alive} {'worker' if alive == 1 else 'workers'} alive"]
    said.append(_requests(settings.requests))
    if not settings.applications:
        said.append("SPARK_APPLICATIONS is empty, so nothing may be acted on")
    if (await client.status(NOBODY, anonymous=True)).ok:
        said.append("its REST port asks for no token, so anybody who reaches it may submit (spark.master.rest.filters)")
    return "; ".join(said)


def _requests(folder: str) -> str:
    """How many requests are kept. Raises Misconfigured, also where anybody could change what we would submit."""
    if not folder:
        return "SPARK_REQUESTS is not set, so nothing can be submitted again"
    try:
        changed = kept.open_to_all(folder)
    except OSError as error:
        raise Misconfigured(f"SPARK_REQUESTS: {folder} cannot be read: {error.strerror}.") from None
    if changed:
        raise Misconfigured(f"SPARK_REQUESTS: every user of this machine may change {changed}: chmod o-w it.")
    kinds = [one for _, one in kept.read(folder)]
    if unfit := [one.why for one in kinds if isinstance(one, kept.NotKept)]:
        raise Misconfigured(f"SPARK_REQUESTS: {unfit[0]}.")
    return f"{len(kinds)} {'request is' if len(kinds) == 1 else 'requests are'} kept"
