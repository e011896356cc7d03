"""Cards stand in Slack as they were posted, whatever happens on the way."""

from __future__ import annotations

import asyncio
import time

import pytest

from adapters.chat.ask import Room
from adapters.chat.card import Card, Code, Text
from adapters.chat.platform import Ref
from adapters.chat.slack.platform import SlackChat
from adapters.chat.slack.said import Said, Way
from engine.errors import NotFound, Unreachable
from tests.adapters.slack_office import INCIDENT, Office, standing
from tests.clock import NOW, FakeClock
from tests.servers.slack import Fault, Slack, words

pytestmark = pytest.mark.real


class TestSpeaking:
    async def test_a_card_is_posted_once_changed_and_answered_in_its_thread(
        self, office: Office, chat: SlackChat
    ) -> None:
        ref = await standing(office, chat)
        assert await standing(office, chat) == ref
        await chat.post(ref.room, Card("approved by alice"), key="17-4", thread=ref)
        await chat.update(ref, Card("#17 is mended"))
        [message] = await office.slack.messages("incidents")
        assert "#17 is mended" in words(message)
        assert "disk" not in words(message)
        assert [words(one) for one in await office.slack.thread("incidents", ref.message)] != []
        assert chat.link(ref) == f"https://acme.slack.com/archives/{ref.room}/p{ref.message.replace('.', '')}"

    async def test_rooms_go_by_name_or_id(self, office: Office, chat: SlackChat) -> None:
        for number, room in enumerate(("incidents", "#incidents", office.slack.channels["incidents"])):
            ref = await chat.post(Room(room), Card("here"), key=f"k{number}")
            assert ref.room == office.slack.channels["incidents"]
        assert len(office.slack.api.made("conversations.list")) == 1
        for name, private in (("war-room", False), ("secret-room", True)):
            await office.slack.create(name, private=private)
            await office.slack.invite(name)
            assert (await chat.post(Room(name), Card("new"), key=name)).room == office.slack.channels[name]

    async def test_a_channel_that_has_a_dead_ones_name_is_found(self, office: Office, chat: SlackChat) -> None:
        await standing(office, chat)
        office.slack.api.fail("chat.postMessage", "channel_not_found")
        with pytest.raises(NotFound, match="no such channel"):
            await chat.post(Room("#incidents"), INCIDENT, key="after")
        await chat.post(Room("#incidents"), INCIDENT, key="after")
        assert len(office.slack.api.made("conversations.list")) == 2

    async def test_where_it_cannot_speak_it_says_what_to_do(self, office: Office, chat: SlackChat) -> None:
        with pytest.raises(NotFound, match="no channel #nowhere"):
            await chat.post(Room("nowhere"), INCIDENT, key="a")
        with pytest.raises(Unreachable, match="/invite") as refused:
            await chat.post(Room("random"), INCIDENT, key="b")
        assert not refused.value.temporary
        with pytest.raises(NotFound, match="no longer there"):
            await chat.update(Ref(Room(office.slack.channels["incidents"]), "1.000001"), INCIDENT)

    async def test_a_person_is_reached_by_id_or_address(self, office: Office, chat: SlackChat) -> None:
        alice = await chat.direct("alice@acme.test")
        assert await chat.direct(office.slack.users["alice"]) == alice
        await chat.post(alice, Card("wake up"), key="wake")
        assert "wake up" in words((await office.slack.direct_messages("alice"))[0])
        with pytest.raises(NotFound, match=r"nobody@acme\.test"):
            await chat.direct("nobody@acme.test")
        with pytest.raises(NotFound):
            await chat.direct("U0NOBODY99")

    async def test_hostile_words_stay_words(self, office: Office, chat: SlackChat) -> None:
        hostile = "<!channel> <@U0ONCALL01> *bold* :fire: https://evil.test \u202eevil \x1b[31mred \x00 @here"
        card = Card(hostile, (Text(hostile), Code(hostile * 3000)))
        ref = await chat.post(Room("incidents"), card, key="hostile")
        await chat.update(ref, card)
        for call in (*office.slack.api.made("chat.postMessage"), *office.slack.api.made("chat.update")):
            assert "<!channel>" not in str(call.arguments["text"])
            assert not call.arguments["unfurl_links"]
            assert not call.arguments["unfurl_media"]
            assert not call.arguments["link_names"]
            assert call.arguments["parse"] == "none"

    async def test_a_channel_gets_one_message_a_second(self, acme: Slack) -> None:
        clock = FakeClock()
        async with Office(acme, clock=clock).open() as chat:
            for number in range(3):
                await chat.post(Room("incidents"), Card("step"), key=f"k{number}")
        assert (clock.now() - NOW).total_seconds() >= 2

    async def test_a_busy_slack_gets_everything_once_and_in_order(self, office: Office, chat: SlackChat) -> None:
        ref = await standing(office, chat)
        office.slack.api.fail("chat.postMessage", Fault.BUSY, times=3, after=1)
        steps = [chat.post(ref.room, Card(f"step {number}"), key=f"17-{number}", thread=ref) for number in range(5)]
        await asyncio.gather(*steps)
        told = [words(one) for one in await office.slack.thread("incidents", ref.message)]
        assert [next(word for word in text.split() if word.isdigit()) for text in told] == list("01234")
        statuses = [call.status for call in office.slack.api.made("chat.postMessage")]
        assert statuses.count(429) == 3

    @pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.LOST, Fault.BROKEN])
    async def test_an_answer_that_got_lost_repeats_nothing(self, office: Office, chat: SlackChat, fault: Fault) -> None:
        ref = await standing(office, chat)
        for key, thread in (("root", None), ("reply", ref)):
            office.slack.api.fail("chat.postMessage", fault)
            with pytest.raises(Unreachable) as lost:
                await chat.post(ref.room, Card(key), key=key, thread=thread)
            assert lost.value.temporary
            after_a_restart = office.chat()
            again = await after_a_restart.post(ref.room, Card(key), key=key, thread=thread)
            await after_a_restart.close()
            assert again == await chat.post(ref.room, Card(key), key=key, thread=thread)
        assert len(await office.slack.messages("incidents")) == 2
        assert len(await office.slack.thread("incidents", ref.message)) == 1

    async def test_an_answer_is_brought_back_once_slack_is_well(self, office: Office, chat: SlackChat) -> None:
        office.slack.api.fail("chat.postMessage", Fault.SWALLOWED)
        asked = await office.slack.person("alice").mention("list", "incidents")
        await office.slack.until(lambda: office.slack.api.made("conversations.replies"))
        await asyncio.sleep(0.2)
        assert len(await office.slack.thread("incidents", asked.ts)) == 1
        assert await office.inbox.unanswered("slack") == []

    async def test_an_old_command_is_answered_without_its_address(self, office: Office, chat: SlackChat) -> None:
        room = office.slack.channels["incidents"]
        old = Said(
            "1.2.3", "status", office.slack.users["alice"], room, Way.PERSON, time.time(), url="http://127.0.0.1:1/"
        )
        await office.inbox.hear("slack", old.id, old.to_json())
        async with office.open():
            [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert shown["via"] == "chat.postEphemeral"
