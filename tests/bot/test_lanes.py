"""Each room has a lane of its own: however much waits in one, the others are told at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.platform import Ref
from bot.cards import incident_card
from bot.standing import Standing
from bot.storm import Storms
from bot.tell import AT_ONCE, Teller, Where
from engine import group
from engine.errors import Unreachable
from engine.events import Noted
from engine.model import Incident
from storage.memory import MemoryIncidents
from tests.bot.test_tell import ROOM, Flaky, Told, _no_links
from tests.engine.desks import entry

BROKEN = Room("data")


class OneRoomRefuses(Flaky):
    """Nothing can be said in the broken room now."""

    mended = False

    async def post(self, room: Room, card: Card, *, key: str, thread: Ref | None = None) -> Ref:
        if room == BROKEN and not self.mended:
            raise Unreachable("Too many messages in this channel.")
        return await super().post(room, card, key=key, thread=thread)


def room(incident: Incident) -> Room:
    return BROKEN if incident.identifiers["dag_id"] == "orders" else ROOM


async def test_however_much_waits_in_one_room_the_other_is_told() -> None:
    told = Told()
    chat = OneRoomRefuses(told.platform.real, 0)
    told.desk = replace(told.desk, incidents=MemoryIncidents(("web",), lambda _listener, incident: room(incident)))
    standing = Standing(chat, told.places, incident_card, _no_links, told.clock.now())
    storms = Storms("web", told.cursors, told.clock, at_most=10)
    told.teller = Teller(told.desk.incidents, told.people, Where(chat, room, ROOM), standing, storms)

    [stuck] = await group.hear(told.desk, [entry()])
    for number in range(AT_ONCE + 1):
        await told.desk.record_fact(stuck.id, Noted(told.clock.now(), "bob", f"note {number}"))
    await group.hear(told.desk, [entry(entry().text.replace("orders", "billing"), 9)])
    with pytest.raises(Unreachable, match="Too many"):
        await told.tell()
    assert await told.titles() == ["#2 Airflow task billing.transform ran into its timeout"]

    chat.mended = True
    await told.tell()
    assert await told.desk.incidents.untold("web") == []
