"""The turns of the Bot Framework: which kind of activity is whose to answer. The only file that knows its SDK.

Of the SDK this uses the activities and the turn. Its door is not used: it answers every invoke and every bad token with
HTTP 500, and looks keys up in the middle of the event loop; and it is at the end of its life.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botbuilder.core import BotAdapter, InvokeResponse, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.schema import Activity, ActivityTypes, ResourceResponse
from msrest.exceptions import ClientException

from adapters.chat.teams import replies, said
from adapters.chat.teams.activity import Raw, words
from adapters.chat.teams.front_desk import FrontDesk
from adapters.chat.teams.places import Places
from engine.errors import Unreachable
from engine.ports import Clock

RAW, RESPONSE = "raw", "invoke response"


@dataclass(frozen=True, slots=True)
class Response:
    """Of an HTTP request; ``body`` only of an invoke."""

    status: int
    body: Mapping[str, Any] | None = None


class Turns(TeamsActivityHandler):  # type: ignore[misc] # it ships no types
    def __init__(self, desk: FrontDesk, places: Places, clock: Clock) -> None:
        self._desk = desk
        self._places = places
        self._clock = clock

    async def on_turn(self, turn_context: TurnContext) -> None:
        """Whoever speaks to us tells where they can be reached; but messages have our menu also where we are not."""
        raw = turn_context.turn_state[RAW]
        menu = str(raw.get("name")).startswith("composeExtension/")
        if not menu and not (raw.get("type") == "installationUpdate" and _removed(raw)):
            await self._places.met(said.place(raw))
        await super().on_turn(turn_context)

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        await self._desk.take(said.typed(turn_context.turn_state[RAW], self._clock.now().timestamp()))

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        raw = turn_context.turn_state[RAW]
        if _removed(raw):
            await self._places.left(said.place(raw))
        if person := said.added(raw, self._clock.now().timestamp()):
            self._desk.meet(person)

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        """Somebody came or went: if it was us, the place is no longer ours."""
        raw = turn_context.turn_state[RAW]
        gone = [one.get("id") for one in raw.get("membersRemoved") or ()]
        if raw["recipient"]["id"] in gone:
            await self._places.left(said.place(raw))

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        raw = turn_context.turn_state[RAW]
        answers: Mapping[str, Callable[[Raw], Awaitable[Mapping[str, Any]]]] = {
            "adaptiveCard/action": self._card,
            "composeExtension/fetchTask": self._window,
            "composeExtension/submitAction": self._report,
        }
        answer = answers.get(str(raw.get("name")))
        if answer is None:
            return await super().on_invoke_activity(turn_context)
        return InvokeResponse(status=200, body=await answer(raw))

    async def _card(self, raw: Raw) -> Mapping[str, Any]:
        said.data(raw)
        try:
            return await (self._desk.refresh(raw) if said.looks(raw) else self._desk.press(raw))
        except Unreachable as error:
            return replies.says(f"{error} Nothing was done; please try again in a minute.")

    async def _report(self, raw: Raw) -> Mapping[str, Any]:
        here = await self._places.get(said.place(raw).conversation)
        return await self._desk.report(raw, here=here is not None)

    async def _window(self, raw: Raw) -> Mapping[str, Any]:
        return replies.window_opens(words(said.message(raw)))


class Turnstile(BotAdapter):  # type: ignore[misc] # it ships no types
    """Runs one turn; what is sent to people goes another way, in its turn and once."""

    async def run(self, raw: Raw, turns: Turns) -> Response:
        """Raises ValueError if the activity is not as it should be, Unreachable if it could not be kept."""
        try:
            activity = Activity().deserialize(raw)
        except (ClientException, AttributeError, TypeError) as error:
            raise ValueError("no activity") from error
        context = TurnContext(self, activity)
        context.turn_state[RAW] = raw
        await self.run_pipeline(context, turns.on_turn)
        if activity.type != ActivityTypes.invoke:
            return Response(200)
        found = context.turn_state.get(RESPONSE)
        return Response(found.value.status, found.value.body) if found else Response(501)

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        """The SDK hands back an invoke's answer as if it were sent."""
        for one in activities:
            if one.type == ActivityTypes.invoke_response:
                context.turn_state[RESPONSE] = one
        return [ResourceResponse(id="") for _ in activities]

    async def update_activity(self, context: TurnContext, activity: Activity) -> None:
        raise TypeError("what stands there is changed by adapters.chat.teams.answers")

    async def delete_activity(self, context: TurnContext, reference: Any) -> None:
        raise TypeError("what stands there is deleted by adapters.chat.teams.answers")


def _removed(raw: Raw) -> bool:
    return str(raw.get("action") or "").startswith("remove")
