"""What the memory of the web chat, and of where cards stand, must hold to."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import NotFound
from storage.conversations import SqlConversations
from storage.database import Database
from storage.posts import Post, SqlPosts
from tests.servers.databases import SteppingClock
from tests.waiting import PATIENCE


@pytest.fixture
def posts(database: Database, clock: SteppingClock) -> SqlPosts:
    return SqlPosts(database, clock)


async def test_a_post_can_be_read_back(posts: SqlPosts, clock: SteppingClock) -> None:
    post = await posts.add("ops", "k1", "💥 it broke", author="ann", thread="k0", only_for="bob")
    assert post == Post(1, "ops", "k0", "k1", "ann", "💥 it broke", clock.time, post.revision, "bob")
    assert list(await posts.room("ops")) == [post]
    assert list(await posts.rooms()) == ["ops"]


async def test_the_same_key_is_posted_once(posts: SqlPosts) -> None:
    tries = (posts.add("ops", "k", f"try {number}", author="ann") for number in range(10))
    assert len(set(await asyncio.gather(*tries))) == 1
    assert len(await posts.room("ops")) == 1
    other = await posts.add("dev", "k", "elsewhere", author="ann")
    assert (other.room, other.body) == ("dev", "elsewhere")


async def test_a_change_keeps_its_place_and_is_news(posts: SqlPosts) -> None:
    first = await posts.add("ops", "k1", "waiting", author="agent")
    second = await posts.add("ops", "k2", "hm", author="ann")
    changed = await posts.change("ops", "k1", "done")
    assert (changed.number, changed.body, changed.at) == (first.number, "done", first.at)
    assert changed.revision > second.revision > first.revision
    assert list(await posts.room("ops")) == [changed, second]
    assert list(await posts.after(first.revision)) == [second, changed]
    assert list(await posts.after(first.revision, limit=1)) == [second]
    assert list(await posts.after(changed.revision)) == []


async def test_what_is_not_there_cannot_change(posts: SqlPosts) -> None:
    with pytest.raises(NotFound, match="no post k1 in ops"):
        await posts.change("ops", "k1", "done")


async def test_a_room_shows_its_last_posts_oldest_first(posts: SqlPosts) -> None:
    for number in range(5):
        await posts.add("ops", f"k{number}", str(number), author="ann", thread="t" if number % 2 else "")
    await posts.add("dev", "k9", "9", author="ann")
    assert [post.body for post in await posts.room("ops", limit=3)] == ["2", "3", "4"]
    assert [post.body for post in await posts.room("ops", thread="t")] == ["1", "3"]
    assert [post.body for post in await posts.room("ops", thread="")] == ["0", "2", "4"]
    assert list(await posts.rooms()) == ["dev", "ops"]


async def test_a_reader_who_follows_the_revision_misses_nothing(posts: SqlPosts) -> None:
    read: list[Post] = []

    async def write(author: str) -> None:
        for number in range(15):
            await posts.add("ops", f"{author} {number}", "?", author=author)
            await posts.change("ops", f"{author} {number}", "!")

    async def follow() -> None:
        while sum(post.body == "!" for post in read) < 60:
            read.extend(await posts.after(read[-1].revision if read else 0, limit=9))
            await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(follow(), *(write(author) for author in ("ann", "bob", "eve", "joe")))
    assert {post.key for post in read if post.body == "!"} == {post.key for post in await posts.room("ops")}


async def test_where_a_card_stands_is_decided_once(database: Database) -> None:
    conversations = SqlConversations(database)
    assert await conversations.get("teams", "INC-1") is None
    tries = (conversations.put("teams", "INC-1", "19:x@thread", f"m{number}") for number in range(8))
    (kept,) = set(await asyncio.gather(*tries))
    assert await conversations.get("teams", "INC-1") == kept
    assert await conversations.put("slack", "INC-1", "C1", "1.2") == ("C1", "1.2")
    assert await conversations.get("teams", "INC-2") is None
