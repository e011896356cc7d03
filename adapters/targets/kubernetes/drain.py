"""Empties a node as kubectl drain does: cordoned first, then every pod evicted as its disruption budget allows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from adapters.targets.kubernetes.actions import evicted
from adapters.targets.kubernetes.client import Client, Lost
from adapters.targets.kubernetes.places import Where
from adapters.targets.kubernetes.reading import Reader, refusal
from adapters.targets.kubernetes.shown import Contents, Pod
from adapters.targets.kubernetes.verdicts import names
from engine.errors import Unreachable
from engine.model import Outcome, Result

BETWEEN = 2.0
"""Seconds between two rounds: a budget frees a pod only once another has become ready elsewhere."""

WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR)
"""A budget allows no more for now; several budgets hold one pod. A pod of a namespace being removed goes anyway.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""


def orphans(pods: tuple[Pod, ...]) -> tuple[Pod, ...]:
    """Pods that nobody would start again elsewhere."""
    return tuple(pod for pod in pods if pod.metadata.owner is None)


@dataclass
class Drain:
    """One drain of a node that is cordoned already."""

    client: Client
    reader: Reader
    until: float
    """By time.monotonic()."""
    gone: list[Pod] = field(default_factory=list)
    said: str = ""

    async def run(self, at: Where) -> Outcome:
        """Raises nothing: the node has been cordoned, so what follows is told, whatever it is."""
        try:
            version = await self._version()
            there = (await self.reader.drained(at)).pods  # only now: until the cordon more may have come
            left = await self._rounds(version, [pod for pod in there if not pod.metadata.deletion_timestamp])
        except Lost as error:
            return Outcome(Result.UNKNOWN, f"{error} {self._so_far()} Whether one more was is not known.")
        except Unreachable as error:
            return Outcome(Result.FAILED, f"{error} {self._so_far()} No more was done.")
        if left:
            why = f" {self.said}" if self.said else ""
            return Outcome(Result.FAILED, f"{self._so_far()} Not evicted: {names(tuple(left))}.{why}")
        return Outcome(Result.DONE, self._so_far())

    async def _rounds(self, version: str, left: list[Pod]) -> list[Pod]:
        """Those that could not be evicted in time."""
        while True:
            left = [pod for pod in left if not await self._evict(version, pod)]
            if not left or time.monotonic() + BETWEEN > self.until:
                return left
            await asyncio.sleep(BETWEEN)

    async def _evict(self, version: str, pod: Pod) -> bool:
        """Whether it goes, or has gone. Raises Unreachable."""
        about = pod.metadata
        if about.owner is None:
            self.said = f"Nothing would start {about.namespace}/{about.name} again elsewhere."
            return False
        body = evicted(version, about.namespace, about.name, about.uid)
        reply = await self.client.ask("POST", f"/api/v1/namespaces/{about.namespace}/pods/{about.name}/eviction", body)
        if reply.ok or reply.status in (
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
        ):  # another pod by that name: leave it
            self.gone += [pod] if reply.ok else []
            return True
        if reply.status in WAIT or reply.cause == "NamespaceTerminating":
            self.said = f"Kubernetes says: {reply.words}"
            return False
        raise Unreachable(refusal(self.client, reply), temporary=False)

    async def _version(self) -> str:
        """Which words this server understands: policy/v1 since 1.22, policy/v1beta1 before."""
        contents = await self.reader.read("/api/v1", Contents)
        lines = contents.resources if isinstance(contents, Contents) else ()
        line = next((one for one in lines if one.name == "pods/eviction"), None)
        return f"{line.group}/{line.version}" if line and line.version else "policy/v1"

    def _so_far(self) -> str:
        count = len(self.gone)
        return f"The node is cordoned, {count} {'pod was' if count == 1 else 'pods were'} evicted."
