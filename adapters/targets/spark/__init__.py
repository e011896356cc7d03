"""Apache Spark's own cluster ("standalone"): looks at its master, submits by its REST port (spark.master.rest.enabled).

Spark on YARN and on Kubernetes is neither looked at nor acted on: this master does not know their application ids, and
the answer says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from adapters.targets.spark.actions import CATALOGUE, PROPERTY, Asked, asked
from adapters.targets.spark.causes import names
from adapters.targets.spark.client import Client, Lost, Reply, SparkSettings
from adapters.targets.spark.found import Gone, healthy, remarks, sentence, state
from adapters.targets.spark.rights import rights
from adapters.targets.spark.shown import Driver, Master
from adapters.targets.spark.sight import Sight
from adapters.targets.spark.verdicts import allowed, killed, made, not_made, to_submit, why_not
from engine.errors import Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "Spark", "SparkSettings"]

PAUSE = 0.5
"""Seconds between two looks at a submission that was told to end; Spark takes about one second."""


class Spark(Target):
    name = "spark"
    dry_run = False
    named_by: tuple[str, ...] = ("application_id",)

    def __init__(self, settings: SparkSettings) -> None:
        self._settings = settings
        self._client = Client(settings)
        self._sight = Sight(self._client, settings.requests)
        self._sent: dict[str, str] = {}
        """The submission that each action made or killed, for as long as the logs do not say so yet."""

    async def close(self) -> None:
        await self._client.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return CATALOGUE

    async def check(self) -> str:
        """One sentence about the Spark that answers. Raises OnCallError with what to do."""
        return await rights(self._settings, self._client, self._sight)

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the application, or at the submission if its name is given as one. Raises Unreachable."""
        try:
            wanted = asked("kill_spark_app", {"application_id": identifiers.get("application_id", "")})
        except Refused as error:
            return Evidence(self.name, f"Spark was not looked at: {error}")
        master = await self._sight.master()
        found = await self._sight.find(wanted.application_id, master)
        fence = "" if isinstance(found, Gone) else allowed(found, self._settings.applications)
        why = await self._sight.why(found, master)
        behind = f" What is behind it: {why.shows}." if why else ""
        words = f"{sentence(found)}.{behind}{remarks(found)}{' ' if fence else ''}{fence}"
        told = (why.pattern, why.shows) if why else ("", "")
        return Evidence(self.name, words, state(found), healthy(found), names(found, why), *told)

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: what may or may not have arrived is UNKNOWN, all else is known not to have happened."""
        try:
            return await self._act(action, asked(action.name, action.parameters))
        except (Refused, Unreachable) as error:
            return Outcome(Result.FAILED, f"{error} Nothing was sent.")

    async def verify(self, action: Action) -> Verdict:
        """WORKED only if the very submission that this action made has finished well, or runs steadily.

        Raises Unreachable.
        """
        try:
            wanted = asked(action.name, action.parameters)
        except Refused as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        master = await self._sight.master()
        found = await self._sight.find(wanted.application_id, master)
        if action.name not in PROPERTY:
            return killed(found, action.seen, sent=action.id in self._sent)
        if (driver := await self._made_by(action, master)) is not None:
            return made(driver, await self._sight.steady(master, driver))
        if self._sight.untold(master, action.seen):
            return Verdict(Judgement.NOT_YET, "A submission waits that may be this action's; its log will tell.")
        return not_made(found, action.seen)

    async def _act(self, action: Action, wanted: Asked) -> Outcome:
        """Raises Refused, or Unreachable as long as nothing has been sent."""
        master = await self._sight.master()
        if action.name in PROPERTY and (before := await self._made_by(action, master)) is not None:
            return Outcome(Result.DONE, f"It had been submitted again before, as {before.id}, and was not once more.")
        job = await self._sight.find(wanted.application_id, master)
        if (refusal := why_not(action.name, job, self._settings.applications)) is not None:
            return refusal
        if state(job) != action.seen:
            moved = f"It is not as you saw it: {sentence(job)}.{remarks(job)}"
            return Outcome(Result.CHANGED, f"{moved} Nothing was sent.")
        driver, body = to_submit(action, wanted, job, master.largest)
        if body is None:
            return await self._kill(action, driver)
        stopped = await self._stop(driver) if driver.alive else None
        return stopped or await self._submit(action, driver, body)

    async def _made_by(self, action: Action, master: Master) -> Driver | None:
        told = await self._sight.made_by(action.id, master, action.seen)
        return told or master.driver(self._sent.get(action.id, ""))

    async def _kill(self, action: Action, driver: Driver) -> Outcome:
        outcome = await self._stop(driver) or Outcome(Result.DONE, f"Submission {driver.id} was killed.")
        if outcome.result in (Result.DONE, Result.UNKNOWN):
            self._sent[action.id] = driver.id
        return outcome

    async def _stop(self, driver: Driver) -> Outcome | None:
        """Kill it and wait until that has ended it: None. Otherwise what is known. Raises NotSent."""
        lost = ""
        try:
            reply = await self._client.kill(driver.id)
        except Lost as error:
            lost = f" {error}"
        else:
            if not reply.ok:
                return self._not_taken(reply, "The kill")
        ended = await self._ended(driver)
        if ended is None or ended.alive:
            words = f"Submission {driver.id} was told to end, and whether it will is not known.{lost}"
            return Outcome(Result.UNKNOWN, f"{words} Nothing was submitted.")
        if ended.state != "KILLED":
            words = f"Submission {driver.id} ended by itself in that moment: {ended.state.lower()}."
            return Outcome(Result.CHANGED, f"{words} Nothing was submitted.")
        return None

    async def _ended(self, driver: Driver) -> Driver | None:
        """The submission once it has ended, or as it was last seen when its time was up."""
        last = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stop_seconds):
                while last is None or last.alive:
                    await asyncio.sleep(PAUSE)
                    with suppress(Unreachable):
                        last = (await self._sight.master()).driver(driver.id)
        return last

    async def _submit(self, action: Action, old: Driver, body: Mapping[str, Any]) -> Outcome:
        before = f"Submission {old.id} was killed. " if old.alive else ""
        try:
            reply = await self._client.create(body)
        except Lost as error:
            return Outcome(Result.UNKNOWN, f"{before}{error} Whether it was submitted again is not known.")
        except Unreachable as error:
            return Outcome(Result.FAILED, f"{before}{error} It was not submitted again.")
        submission = reply.body.get("submissionId") if reply.taken else None
        if not isinstance(submission, str):
            outcome = self._not_taken(reply, "The submission")
            return Outcome(outcome.result, f"{before}{outcome.detail}")
        self._sent[action.id] = submission
        given = body["sparkProperties"]
        sizes = ", ".join(f"{key} {given[key]}" for key in sorted(set(PROPERTY.values())) if key in given)
        return Outcome(Result.DONE, f"{before}It was submitted again as {submission} ({sizes}).")

    def _not_taken(self, reply: Reply, what: str) -> Outcome:
        if reply.forbidden:
            return Outcome(Result.FAILED, f"{what} was forbidden: {self._client.right(reply)}")
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (reply.ok and reply.body is None):
            return Outcome(Result.UNKNOWN, f"Spark answered: {reply.words}. Whether it took effect is not known.")
        return Outcome(Result.FAILED, f"{what} was refused: {reply.words}.")
