"""Web addresses of services: asks one whether it answers, and nothing that the list of hosts does not cover.

It needs no right anywhere. What it may ask is HTTP_HEALTH_HOSTS, for looking as well: a look is a request too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from adapters.targets.http_health.asking import Asker, HttpHealthSettings, Resolve, resolve
from adapters.targets.http_health.fence import place
from engine.errors import Misconfigured, Refused
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Parameter, Result, Risk, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "HttpHealth", "HttpHealthSettings"]


def _wrong(parameters: Mapping[str, str]) -> Mapping[str, str]:
    strange = {name: "is no parameter of this action" for name in parameters if name != "url"}
    if not parameters.get("url"):
        return {**strange, "url": "is needed"}
    try:
        place(parameters["url"])
    except Refused as error:
        return {**strange, "url": str(error)}
    return strange


def _url(name: str, parameters: Mapping[str, str]) -> str:
    """Raises Refused."""
    if name not in CATALOGUE:
        raise Refused(f"http_health has no action {name[:80]!r}.")
    for where, why in _wrong(parameters).items():
        raise Refused(f"{where[:80]!r} {why}.")
    return parameters["url"]


def _request(parameters: Mapping[str, str]) -> str:
    try:
        return f"GET {_url('health_check', parameters)}"
    except Refused as error:
        return f"No request can be made of this: {error}"


CATALOGUE: Mapping[str, ActionSpec] = {
    "health_check": ActionSpec(
        name="health_check",
        parameters=(Parameter("url", "URL"),),
        risk=Risk.LOW,
        effect="Asks {url} whether it answers; nothing is changed",
        undo="None: asking {url} changes nothing",
        request=_request,
        verify_within=timedelta(minutes=1),
        wrong=_wrong,
        object=("url",),
        repeat="It is asked once more, which changes nothing.",
    )
}


class HttpHealth(Target):
    """Without ``hosts`` nobody is asked. What does not answer is evidence, so nothing here raises Unreachable."""

    name = "http_health"
    dry_run = False

    def __init__(self, settings: HttpHealthSettings, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._asker = Asker(settings, resolve)
        spec = CATALOGUE["health_check"]
        self._catalogue = {spec.name: replace(spec, wrong=_within(settings))}

    async def close(self) -> None:
        await self._asker.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return self._catalogue

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """The state is the URL alone: a check changes nothing, so an approval holds however it answers by then."""
        try:
            url = _url("health_check", {"url": identifiers.get("url", "")})
            answer = await self._asker.ask(url)
        except Refused as error:
            return Evidence(self.name, f"Not looked at: {error}")
        return Evidence(self.name, f"{url} {answer.words}.", {"url": url}, answer.healthy)

    async def act(self, action: Action) -> Outcome:
        """DONE is that it was asked; what it answered is in the words, and judged by ``verify``."""
        try:
            url = _url(action.name, action.parameters)
            if action.seen.get("url") != url:
                return Outcome(Result.CHANGED, "It is not the URL that was looked at. Nothing was sent.")
            answer = await self._asker.ask(url)
        except Refused as error:
            return Outcome(Result.FAILED, f"{error} Nothing was sent.")
        return Outcome(Result.DONE, f"{url} {answer.words}.")

    async def verify(self, action: Action) -> Verdict:
        """Never WORKED: asking mends nothing, so what is well by now has recovered."""
        try:
            answer = await self._asker.ask(_url(action.name, action.parameters))
        except Refused as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        judged = {True: Judgement.RECOVERED, False: Judgement.FAILED, None: Judgement.UNKNOWN}
        return Verdict(judged[answer.healthy], f"{action.parameters['url']} {answer.words}.")

    async def check(self) -> str:
        """One sentence about the hosts that can be found. Raises Misconfigured."""
        if not self._settings.hosts:
            raise Misconfigured("HTTP_HEALTH_HOSTS names no host, so none may be asked.")
        lost = [host for host in self._settings.hosts if not host.startswith("*") and not await self._known(host)]
        said = f"may ask {', '.join(self._settings.hosts)}"
        return f"{said}; not known here or not fit to be asked: {', '.join(lost)}" if lost else said

    async def _known(self, host: str) -> bool:
        try:
            await self._asker.address(place(f"http://{host}/"))
        except (Refused, OSError):
            return False
        return True


def _within(settings: HttpHealthSettings) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    def check(parameters: Mapping[str, str]) -> Mapping[str, str]:
        found = _wrong(parameters)
        if "url" in found or settings.covering(place(parameters["url"])):
            return found
        return {**found, "url": "is not at a host among HTTP_HEALTH_HOSTS"}

    return check
