"""Stands in for a target while the past is played again: it sends nothing, and answers what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.model import Action, ActionSpec, Evidence, Outcome, Result, Verdict
from engine.ports import Target

Ending = Callable[[Action], Verdict]
"""What became of an action like this one, by the record."""


class Recorded(Target):
    dry_run = False

    def __init__(self, name: str, catalogue: Mapping[str, ActionSpec], ending: Ending) -> None:
        self.name = name
        self._catalogue = catalogue
        self._ending = ending

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return self._catalogue

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """As the log left it: nobody recorded how the target looked."""
        return Evidence(
            self.name, f"How {self.name} looked then was not recorded.", {"seen": "as logged"}, healthy=False
        )

    async def act(self, action: Action) -> Outcome:
        return Outcome(Result.DONE, "Played again: nothing was sent.")

    async def verify(self, action: Action) -> Verdict:
        return self._ending(action)
