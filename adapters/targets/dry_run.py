"""Stands in for a target that is not connected: it says what it would have sent, and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict, titled
from engine.ports import Target


class DryRun(Target):
    dry_run = True

    def __init__(self, name: str, catalogue: Mapping[str, ActionSpec]) -> None:
        self.name = name
        self._catalogue = catalogue

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return self._catalogue

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        return Evidence(self.name, f"{titled(self.name)} is not connected, so its state was not looked at.")

    async def act(self, action: Action) -> Outcome:
        spec = self._catalogue.get(action.name)
        if spec is None:
            return Outcome(Result.FAILED, f"{self.name} has no action {action.name[:80]!r}. Nothing was sent.")
        return Outcome(Result.DRY_RUN, f"Would have sent:\n{spec.request(action.parameters)}")

    async def verify(self, action: Action) -> Verdict:
        return Verdict(
            Judgement.UNKNOWN, f"{titled(self.name)} is not connected, so nothing was sent and nothing changed."
        )
