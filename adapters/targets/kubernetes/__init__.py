"""Kubernetes, through its own API: pods, deployments and nodes. The rights it needs are in manifests/kubernetes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar

from adapters.targets.kubernetes import rights, verdicts
from adapters.targets.kubernetes.access import KubernetesSettings, access
from adapters.targets.kubernetes.actions import CATALOGUE, Change, change, deleted
from adapters.targets.kubernetes.causes import cause, deployment_names, pod_names
from adapters.targets.kubernetes.changes import body, path
from adapters.targets.kubernetes.client import Client, Lost, Reply
from adapters.targets.kubernetes.drain import Drain, orphans
from adapters.targets.kubernetes.fence import Fence
from adapters.targets.kubernetes.found import Workload, healthy, sentence, state
from adapters.targets.kubernetes.places import finest
from adapters.targets.kubernetes.reading import Reader, Uids, refusal
from adapters.targets.kubernetes.shown import Node, Pod, Version
from engine.errors import Misconfigured, Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "Kubernetes", "KubernetesSettings"]

Part = TypeVar("Part")

TRIES = 4
"""How often a change is made anew because only the status of its object has moved on."""


class Kubernetes(Target):
    name = "kubernetes"
    dry_run = False
    named_by: tuple[str, ...] = ("namespace", "pod_name")

    def __init__(self, settings: KubernetesSettings) -> None:
        """Raises Misconfigured."""
        self._client = Client(access(settings), settings.timeout_seconds)
        self._reader = Reader(self._client, settings.steady_seconds, settings.settled_seconds)
        self._fence = Fence(settings.namespaces, settings.nodes)
        self._drain_seconds = settings.drain_seconds
        self._catalogue = {name: _fenced(spec, self._fence) for name, spec in CATALOGUE.items()}
        self._before: dict[str, Uids] = {}
        """The pods of the same owner that were there when an action's pod was told to end: none is its successor."""

    async def close(self) -> None:
        await self._client.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return self._catalogue

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the pod, the deployment or the node, the first that is named. Raises Unreachable."""
        try:
            at = finest(identifiers)
        except Refused as error:
            return Evidence(self.name, f"Kubernetes was not looked at: {error}")
        found = await self._reader.find(at)
        if isinstance(found, Pod):
            return await self._look_at_pod(found, identifiers.get("container_name", ""))
        names = {}
        if isinstance(found, Workload) and not identifiers.get("container_name"):
            names = deployment_names(found.deployment)
        patience = self._reader.patience
        return Evidence(self.name, f"{sentence(found)}.", state(found, patience), healthy(found, patience), names)

    async def _look_at_pod(self, pod: Pod, container: str) -> Evidence:
        """With what is behind its trouble, and the deployment that it is of: neither is ever read out of a name."""
        warnings = await self._reader.warnings(pod)
        deployment = await self._if_told(self._reader.deployment(pod)) or ""
        # Nodes may only be read by an agent that may act on them: manifests/kubernetes/nodes.yaml.
        apart = pod.ready or self._fence.wrong({"node_name": pod.spec.node_name})
        node = None if apart else await self._if_told(self._reader.node(pod))
        patience = self._reader.patience
        behind = cause(pod, node, patience, container)
        words = f"{sentence(pod, warnings)}.{f' It is of deployment {deployment}.' if deployment else ''}"
        return Evidence(
            self.name,
            words,
            state(pod, patience),
            healthy(pod, patience),
            pod_names(pod, deployment, behind),
            behind.pattern if behind else "",
            behind.shows if behind else "",
        )

    async def _if_told(self, question: Awaitable[Part | None]) -> Part | None:
        """What is good to know, and no reason to fail if Kubernetes does not say it."""
        try:
            return await question
        except (Refused, Unreachable):
            return None

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: what may or may not have arrived is UNKNOWN, all else is known not to have happened."""
        try:
            wanted = change(action.name, action.parameters)
            self._fence.keep(action.parameters)
            return await self._act(action, wanted)
        except Lost as error:
            return Outcome(Result.UNKNOWN, f"{error} Whether the request took effect is not known.")
        except (Refused, Unreachable) as error:
            return Outcome(Result.FAILED, f"{error} Nothing was sent.")

    async def verify(self, action: Action) -> Verdict:
        """WORKED only if the very thing is well by this action; UNKNOWN if the request did not arrive.

        Raises Unreachable.
        """
        try:
            wanted = change(action.name, action.parameters)
        except Refused as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        match action.name:
            case "restart_pod":
                shown = await self._reader.replacement(wanted, action.seen, self._before.get(action.id))
                return verdicts.replaced(action, shown, self._reader.patience)
            case "drain_node":
                return verdicts.drained(action, await self._reader.drained(wanted), self._reader.patience)
            case _:
                return verdicts.verdict(action, await self._reader.find(wanted), self._reader.patience)

    async def check(self) -> str:
        """Who is there and what we may do. Raises Unreachable, or Misconfigured with the rights that are missing."""
        version = await self._reader.read("/version", Version)
        if not isinstance(version, Version):
            raise Unreachable(f"{self._client.place} answers, but not as Kubernetes does.", temporary=False)
        if missing := [one async for one in rights.lacking(self._client, self._fence)]:
            raise Misconfigured(
                f"Kubernetes does not let {self._client.who} {'; '.join(missing)}: apply manifests/kubernetes."
            )
        needless = [one async for one in rights.needless(self._client, self._fence)]
        more = f"; it has rights that it does not need: {'; '.join(needless)}" if needless else ""
        there = f"Kubernetes {version.git_version} at {self._client.place}"
        return f"{there}: signed in as {self._client.who}; may act {rights.patterns(self._fence)}{more}"

    async def _act(self, action: Action, wanted: Change) -> Outcome:
        """Raises Lost, Refused, or Unreachable as long as nothing has been sent."""
        match action.name:
            case "restart_pod":
                return await self._delete(action, wanted)
            case "drain_node":
                return await self._drain(action, wanted)
            case _:
                return await self._patch(action, wanted)

    async def _delete(self, action: Action, wanted: Change) -> Outcome:
        found = await self._reader.find(wanted)
        if (refused := verdicts.why_not(action, found, self._reader.patience)) is not None:
            return refused
        self._before[action.id] = await self._reader.siblings(wanted, action.seen)
        reply = await self._client.ask("DELETE", wanted.pod, deleted(action.seen["pod_uid"]))
        return self._outcome(reply, "Kubernetes has taken it: the pod is being ended.")

    async def _patch(self, action: Action, wanted: Change) -> Outcome:
        """Kubernetes makes the change only in the very version that was read; if another came between, once more."""
        for _ in range(TRIES):
            found = await self._reader.find(wanted)
            if (refused := verdicts.why_not(action, found, self._reader.patience)) is not None:
                return refused
            reply = await self._client.ask("PATCH", path(wanted), await body(self._reader, action, wanted, found))
            if reply.status != HTTPStatus.CONFLICT:
                return self._outcome(reply, "Kubernetes has taken it.")
        return Outcome(Result.FAILED, "It changed each time while I was about to change it. Nothing was done.")

    async def _drain(self, action: Action, wanted: Change) -> Outcome:
        until = time.monotonic() + self._drain_seconds
        shown = await self._reader.drained(wanted)
        if lone := orphans(shown.pods):
            raise Refused(f"Nothing would start {verdicts.names(lone)} again elsewhere.")
        if not (verdicts.marks(shown.node) == action.id and isinstance(shown.node, Node)):
            outcome = await self._patch(action, wanted)
            if outcome.result is not Result.DONE:
                return outcome
        return await Drain(self._client, self._reader, until).run(wanted)

    def _outcome(self, reply: Reply, done: str) -> Outcome:
        if reply.ok:
            return Outcome(Result.DONE, done)
        if reply.may_have_happened:
            return Outcome(Result.UNKNOWN, f"Kubernetes answered: {reply.words}. Whether it took effect is not known.")
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            return Outcome(Result.CHANGED, f"It changed at the last moment, so nothing was done: {reply.words}.")
        return Outcome(Result.FAILED, f"{refusal(self._client, reply)} Nothing was done.")


def _fenced(spec: ActionSpec, fence: Fence) -> ActionSpec:
    return replace(spec, wrong=lambda parameters: {**fence.wrong(parameters), **spec.wrong(parameters)})
