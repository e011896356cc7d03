"""Pictures on Slack, which takes them as files: where they go, and what is said where they cannot."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image as Pillow

from adapters.chat.ask import Room
from adapters.chat.card import Card, Image, Text
from adapters.chat.slack.platform import SlackChat
from tests.adapters.slack_office import Office
from tests.servers.slack import Fault, Slack, slack, words
from tests.servers.slack.emulator import manifest_scopes

pytestmark = pytest.mark.real


def drawn() -> bytes:
    file = BytesIO()
    Pillow.new("RGB", (8, 8), "#0969da").save(file, "PNG")
    return file.getvalue()


CURVES = Card("3 of 4 worked", (Text("I said 75%."), Image(drawn(), "A curve that rises")))


@pytest.fixture
def office(acme: Slack) -> Office:
    return Office(acme, answers=lambda _ask: CURVES)


async def test_a_picture_follows_its_card(office: Office, chat: SlackChat) -> None:
    ref = await chat.post(Room("incidents"), CURVES, key="curves")
    [shown] = office.slack.api.files.shared
    assert (shown.content, shown.alt, shown.title) == (drawn(), "A curve that rises", "3 of 4 worked")
    assert (shown.channel, shown.thread) == (ref.room, "")
    card, picture = await office.slack.messages("incidents")
    assert (card["ts"], picture["ts"]) == (ref.message, shown.ts)
    assert "A curve" not in words(card)
    assert await chat.post(Room("incidents"), CURVES, key="curves") == ref
    assert len(office.slack.api.files.shared) == 1


async def test_in_a_thread_it_stays_in_the_thread(office: Office, chat: SlackChat) -> None:
    asked = await office.slack.person("alice").mention("stats", "incidents")
    await office.slack.until(lambda: office.slack.api.files.shared)
    [shown] = office.slack.api.files.shared
    assert shown.thread == asked.ts
    assert len(await office.slack.thread("incidents", asked.ts)) == 2


async def test_after_a_slash_command_the_room_sees_the_picture(office: Office, chat: SlackChat) -> None:
    await office.slack.person("alice").slash("/oncall", "stats", "incidents")
    await office.slack.until(lambda: office.slack.api.files.shared)
    [answer] = office.slack.ephemerals("alice")
    assert "Picture: A curve that rises" in words(answer)
    [shown] = office.slack.api.files.shared
    assert shown.channel == office.slack.channels["incidents"]


async def test_where_the_agent_is_not_the_person_sees_it_alone(office: Office, chat: SlackChat) -> None:
    await office.slack.person("bob").slash("/oncall", "stats", "random")
    await office.slack.until(lambda: office.slack.api.files.shared)
    [shown] = office.slack.api.files.shared
    assert shown.channel == await office.slack.direct_room("bob")
    assert len(office.slack.ephemerals("bob")) == 1


async def test_a_private_picture_is_shown_to_no_room(office: Office, chat: SlackChat) -> None:
    office.answers = lambda _ask: Card(CURVES.title, CURVES.parts, private=True)
    await office.slack.person("alice").slash("/oncall", "stats", "incidents")
    await office.slack.until(lambda: office.slack.api.files.shared)
    [shown] = office.slack.api.files.shared
    assert shown.channel == await office.slack.direct_room("alice")


async def test_without_the_scope_the_card_says_what_to_do() -> None:
    scopes = [one for one in manifest_scopes() if one != "files:write"]
    async with slack(scopes) as acme, Office(acme, answers=lambda _ask: CURVES).open() as chat:
        await chat.post(Room("incidents"), CURVES, key="curves")
        [card] = await acme.messages("incidents")
        assert "The Slack app lacks the scope files:write" in words(card)
        await acme.person("alice").slash("/oncall", "stats", "incidents")
        await acme.until(lambda: len(acme.ephemerals("alice")) == 2)
        assert "files:write" in words(acme.ephemerals("alice")[1])


async def test_an_upload_that_breaks_leaves_the_card(office: Office, chat: SlackChat) -> None:
    office.slack.api.fail("files.completeUploadExternal", Fault.LOST, times=1)
    await chat.post(Room("incidents"), CURVES, key="curves")
    [card] = await office.slack.messages("incidents")
    assert "a picture of this that I could not bring here. Slack did not answer" in words(card)
    assert office.slack.api.files.shared == []
