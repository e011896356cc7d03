"""The web chat over HTTP: what is said once, who sees it, and how it goes on after a lost line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from adapters.chat.card import Card, Text
from adapters.chat.web.lines import Completion, meant
from adapters.chat.web.memory import MemoryPosts
from engine.errors import NotFound
from tests.adapters.web_office import (
    HERE,
    OURS,
    ROOM,
    Office,
    listen,
    mended,
    opened,
    read,
    say,
    timed_out,
    visit,
)
from tests.clock import FakeClock
from tests.waiting import PATIENCE, until


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with opened(Office()) as office:
        yield office


# Saying things


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("/oncall approve 17", "approve 17"),
        ("/ONCALL  approve 17", "approve 17"),
        ("/oncall", "help"),
        ("/", "help"),
        ("/approve 17", "approve 17"),
        ("approve 17", "approve 17"),
        ("/oncallers", "oncallers"),
    ],
)
def test_a_typed_line_means_an_ask(typed: str, asked: str) -> None:
    assert meant(typed) == asked


async def test_a_typed_line_is_posted_asked_and_answered(office: Office) -> None:
    async with visit(office, "alice") as browser:
        answer = await say(browser, "/oncall hello <b>")
        assert (answer.status, answer.headers["Location"]) == (303, HERE)
        page = await read(browser)
    [ask] = office.asked
    assert (ask.text, ask.platform, ask.identity, ask.name) == ("hello <b>", "web", "alice", "Alice Kim")
    assert (ask.room, ask.thread) == ("incidents", "")
    assert page.index("/oncall hello &lt;b&gt;</p>") < page.index("You said: hello &lt;b&gt;</h3>")


async def test_the_same_request_is_handled_once(office: Office) -> None:
    async with visit(office, "alice") as browser:
        twice = [asyncio.create_task(say(browser, "wait", request_id="r-1")) for _ in range(2)]
        await asyncio.sleep(0.1)
        office.patience.set()
        assert [answer.status for answer in await asyncio.gather(*twice)] == [303, 303]
        await say(browser, "wait", request_id="r-1")
        await say(browser, "wait", request_id="r-2")
    assert len(office.asked) == 2
    assert len(await office.posts.room("incidents")) == 4


async def test_another_person_cannot_take_a_request_away(office: Office) -> None:
    async with visit(office, "alice") as alice, visit(office, "bob") as bob:
        await say(alice, "one", request_id="r")
        await say(bob, "two", request_id="r")
    assert [ask.identity for ask in office.asked] == ["alice", "bob"]
    assert len(await office.posts.room("incidents")) == 4


async def test_a_pressed_button_says_nothing_but_is_answered(office: Office) -> None:
    await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with visit(office, "alice") as browser:
        asks = await say(browser, "approve 1", pressed="1", confirm="Sure?", label="Approve", request_id="r")
        assert asks.status == 200
        assert office.asked == []
        await say(browser, "approve 1", pressed="1", confirm="Sure?", confirmed="1", request_id="r")
    assert [ask.text for ask in office.asked] == ["approve 1"]
    assert [post.author for post in await office.posts.room("incidents")] == ["", ""]


async def test_without_script_a_page_asks_first(office: Office) -> None:
    async with visit(office, "alice") as browser:
        fields = {"text": "approve 1", "confirm": "Clear <it>?", "label": "Approve", "pressed": "1", "request_id": "r"}
        async with browser.post(HERE, data=fields, headers=OURS) as answer:
            page = await answer.text()
    assert "Clear &lt;it&gt;?" in page
    assert re.search(r'name="confirmed" value="1"', page)


async def test_a_form_says_its_ask_and_the_values(office: Office) -> None:
    async with visit(office, "alice") as browser:
        fields = [
            ("text", "reject 1"),
            ("pressed", "1"),
            ("value", " it is\r\nBlack Friday "),
            ("value", ""),
            ("value", "x"),
        ]
        async with browser.post(HERE, data=fields, headers=OURS) as answer:
            assert answer.status == 200
    assert office.asked[0].text == "reject 1 it is Black Friday x"


async def test_what_is_empty_or_too_long_is_not_asked(office: Office) -> None:
    async with visit(office, "alice") as browser:
        assert (await say(browser, "   ")).status == 303
        assert (await say(browser, "x" * 20_001)).status == 422
    assert office.asked == []


# Threads and rooms


async def test_a_thread_has_its_own_page_and_counts(office: Office) -> None:
    first = await office.chat.post(ROOM, timed_out(), key="INC-1")
    await office.chat.post(ROOM, Card("I looked"), key="L1", thread=first)
    async with visit(office, "alice") as browser:
        answer = await say(browser, "hello", thread="INC-1")
        assert answer.headers["Location"] == f"{HERE}/thread/INC-1"
        room, thread = await read(browser), await read(browser, f"{HERE}/thread/INC-1")
        assert office.asked[0].thread == "INC-1"
        assert "<b>3 replies</b>" in room
        assert "You said: hello" not in room
        assert "You said: hello" in thread.split("<aside", 1)[1]
        assert (await say(browser, "hello", thread="nowhere")).status == 404
        async with browser.get(f"{HERE}/thread/nowhere") as lost:
            assert lost.status == 404
    assert len(office.asked) == 1


async def test_the_room_of_another_person_is_not_there(office: Office) -> None:
    bobs = await office.chat.direct("bob")
    await office.chat.post(bobs, Card("For Bob"), key="1")
    async with visit(office, "alice") as alice, visit(office, "bob") as bob:
        for path in (f"/chat/{bobs}", f"/chat/{bobs}/thread/1", f"/chat/stream?room={bobs}"):
            async with alice.get(path) as answer:
                assert answer.status == 404
        assert (await say(alice, "hi", f"/chat/{bobs}")).status == 404
        assert "For Bob" in await read(bob, f"/chat/{bobs}")
        assert "For Bob" not in await read(bob)
    assert office.asked == []


async def test_an_empty_room_says_what_to_type(office: Office) -> None:
    async with visit(office, "alice") as browser:
        page = await read(browser)
    assert "/oncall help" in page.split('<ol class="posts"', 1)[0]


async def test_earlier_posts_are_a_link_away(office: Office) -> None:
    for number in range(210):
        await office.chat.post(ROOM, Card(f"Card {number:03}"), key=str(number))
    async with visit(office, "alice") as browser:
        page = await read(browser)
        assert "Card 009" not in page
        assert "Card 010" in page
        assert "?posts=400" in page
        assert "Card 000" in await read(browser, f"{HERE}?posts=400")


# The stream


async def test_news_come_live_and_in_place(office: Office) -> None:
    async with visit(office, "alice") as browser, listen(browser) as stream:
        ref = await office.chat.post(ROOM, timed_out(), key="INC-1")
        _, [new] = await stream.news()
        assert (new["id"], new["into"]) == ("room-1", "room-posts")
        assert "Waiting for you" in new["html"]
        await office.chat.update(ref, mended())
        _, [changed] = await stream.news()
        assert changed["id"] == "room-1"
        assert "All good" in changed["html"]
        await office.chat.post(ROOM, Card("I looked"), key="L1", thread=ref)
        _, [replies] = await stream.news()
        assert (replies["id"], replies["into"]) == ("replies-INC-1", "")
        assert "<b>1 reply</b>" in replies["html"]


async def test_nothing_is_lost_when_the_line_was(office: Office) -> None:
    async with visit(office, "alice") as browser:
        async with listen(browser) as stream:
            await office.chat.post(ROOM, Card("one"), key="1")
            revision, _ = await stream.news()
        await office.chat.post(ROOM, Card("two"), key="2")
        await office.chat.post(ROOM, Card("three"), key="3")
        async with listen(browser, resume=revision) as stream:
            titles = [(await stream.news())[1][0]["html"] for _ in range(2)]
            assert "two" in titles[0]
            assert "three" in titles[1]
            assert await stream.silent()


async def test_a_page_goes_on_where_it_was_drawn(office: Office) -> None:
    await office.chat.post(ROOM, Card("one"), key="1")
    async with visit(office, "alice") as browser:
        found = re.search(r'data-after="(\d+)"', await read(browser))
        assert found is not None
        async with listen(browser, after=int(found[1])) as stream:
            assert await stream.silent()


async def test_a_private_answer_is_for_one_person(office: Office) -> None:
    async with visit(office, "alice") as alice, visit(office, "bob") as bob, listen(alice) as hers, listen(bob) as his:
        await say(alice, "secret")
        assert "secret" in (await hers.news())[1][0]["html"]
        assert "4711" in (await hers.news())[1][0]["html"]
        assert "4711" not in (await his.news())[1][0]["html"]
        assert await his.silent()
        page = await read(alice)
        assert "4711" in page
        assert "Only you see this" in page
        assert "4711" not in await read(bob)
        private = (await office.posts.room("incidents"))[-1]
        assert private.only_for == "alice"
        assert (await say(bob, "hi", thread=private.key)).status == 404


async def test_the_program_stops_while_a_stream_is_open() -> None:
    office = Office()
    async with opened(office), visit(office, "alice") as browser, listen(browser) as stream:
        await office.chat.post(ROOM, Card("one"), key="1")
        await stream.news()
        waiting = asyncio.create_task(say(browser, "wait"))
        await until(lambda: _asked(office))
        async with asyncio.timeout(PATIENCE / 2):
            await office.stop()
        waiting.cancel()


async def _asked(office: Office) -> bool:
    return bool(office.asked)


# The small things


async def test_static_files_may_be_kept_for_ever(office: Office) -> None:
    async with visit(office, "alice") as browser:
        page = await read(browser)
        for path in set(re.findall(r'(/chat/static/[^"]+)"', page)):
            async with browser.get(path) as answer:
                assert answer.status == 200
                assert "immutable" in answer.headers["Cache-Control"]


async def test_memory_keeps_the_first_of_a_key() -> None:
    posts = MemoryPosts(FakeClock())
    first = await posts.add("r", "k", "{}", author="a")
    assert await posts.add("r", "k", "[]", author="b") == first
    assert (await posts.change("r", "k", "[]")).revision > first.revision
    with pytest.raises(NotFound):
        await posts.change("r", "other", "[]")


@pytest.mark.parametrize("number", ["-1", "0", "x", "9" * 5000, "9" * 18, "²"])
async def test_a_number_that_is_none_breaks_nothing(office: Office, number: str) -> None:
    await office.chat.post(ROOM, Card("one"), key="1")
    async with visit(office, "alice") as browser:
        assert "one</h3>" in await read(browser, f"{HERE}?posts={number}")
        async with browser.get("/chat/stream", params={"room": "incidents", "after": number}) as answer:
            assert answer.status == 200


async def test_half_a_character_does_not_break_a_page(office: Office) -> None:
    await office.chat.post(ROOM, Card("\ud800", (Text("\ud800"),)), key="1")
    async with visit(office, "alice") as browser:
        assert "⟨U+D800⟩" in await read(browser)


@pytest.mark.parametrize(
    ("usage", "line"),
    [
        ("help", "/oncall help"),
        ("approve <number>", "/oncall approve "),
        ("note N text", "/oncall note "),
        ("who is next", "/oncall who is next"),
        ("example [name]", "/oncall example "),
    ],
)
def test_a_completion_stops_where_something_must_follow(usage: str, line: str) -> None:
    assert Completion(usage, "").line == line
