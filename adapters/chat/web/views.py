"""What one reader sees of the posts: only those meant for this person, as values that the templates show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup

from adapters.chat.card import Card
from adapters.chat.web.body import Said, from_json
from adapters.chat.web.limits import LIMITS
from adapters.chat.web.posts import Post, Posts
from adapters.chat.web.render import Place, render, room_path, template
from adapters.chat.web.stream import Patch
from engine.errors import NotFound
from engine.events import AGENT

REPLIES = 5
"""Posts that are read for each one shown: the replies among them are only counted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads what: the room in ``place``, and its thread if one is open."""

    username: str
    place: Place
    limit: int = LIMITS.posts

    def may_see(self, post: Post) -> bool:
        return post.room == self.place.room and post.only_for in ("", self.username)


@dataclass(frozen=True, slots=True)
class RepliesView:
    id: str
    href: str
    count: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class PostView:
    """A post in the list ``where``: ``room`` or ``thread``. A first post has its ``replies`` below it in the room."""

    where: str
    number: int
    author: str
    name: str
    at: datetime
    mine: bool
    open: bool
    card: Markup | None = None
    text: str = ""
    replies: RepliesView | None = None

    @property
    def id(self) -> str:
        return f"{self.where}-{self.number}"


@dataclass(frozen=True, slots=True)
class Page:
    """The posts of a page. ``revision`` is where its stream goes on; ``more`` if there may be earlier posts."""

    posts: Sequence[PostView]
    thread: Sequence[PostView]
    revision: int
    more: bool


async def page(posts: Posts, reading: Reading) -> Page:
    """Read what the page shows. Raises NotFound if the thread that is open has no first post for this reader."""
    at_most = reading.limit * REPLIES
    all = await posts.room(reading.place.room, limit=at_most)
    seen = [post for post in all if reading.may_see(post)]
    first = [post for post in seen if not post.thread]
    return Page(
        posts=[in_room(post, seen, reading) for post in first[-reading.limit :]],
        thread=[in_thread(post, reading) for post in await _thread(posts, reading)],
        revision=max((post.revision for post in all), default=0),
        more=(len(all) >= at_most or len(first) > reading.limit) and reading.limit < LIMITS.posts_at_most,
    )


async def _thread(posts: Posts, reading: Reading) -> Sequence[Post]:
    place = reading.place
    if not place.thread:
        return ()
    first = await first_post(posts, place.room, place.thread)
    replies = await posts.room(place.room, thread=place.thread, limit=LIMITS.posts)
    return [first, *filter(reading.may_see, replies)]


async def first_post(posts: Posts, room: str, key: str) -> Post:
    """The post that a thread is about. Raises NotFound; what only one person may see has no thread."""
    for post in await posts.room(room, thread="", limit=LIMITS.posts_at_most):
        if post.key == key and not post.only_for:
            return post
    raise NotFound("There is no such thread.")


def in_room(post: Post, seen: Iterable[Post], reading: Reading) -> PostView:
    """A first post; ``seen`` are posts among which its replies are."""
    view = _view(post, "room", reading, replace(reading.place, thread=""))
    return view if post.only_for else replace(view, replies=_replies(post.room, post.key, seen))


def in_thread(post: Post, reading: Reading) -> PostView:
    return _view(post, "thread", reading, reading.place)


async def patches(posts: Posts, reading: Reading, post: Post) -> Sequence[Patch]:
    """What a changed post changes in a reader's page."""
    if not reading.may_see(post):
        return ()
    key = post.thread or post.key
    replies = await posts.room(post.room, thread=key, limit=LIMITS.posts_at_most)
    seen = [reply for reply in replies if reading.may_see(reply)]
    changed = [_patch(in_thread(post, reading), "thread-posts")] if key == reading.place.thread else []
    if post.thread:
        summary = _replies(post.room, key, seen)
        return [*changed, Patch(summary.id, "", template("replies", view=summary))]
    return [_patch(in_room(post, seen, reading), "room-posts"), *changed]


def _patch(view: PostView, into: str) -> Patch:
    return Patch(view.id, into, template("post", view=view))


def _replies(room: str, key: str, seen: Iterable[Post]) -> RepliesView:
    times = [post.at for post in seen if post.thread == key]
    return RepliesView(f"replies-{quote(key)}", room_path(room, key), len(times), max(times, default=None))


def _view(post: Post, where: str, reading: Reading, place: Place) -> PostView:
    body = from_json(post.body)
    # each post has its own request ids: the same button pressed twice in one page without JavaScript is one wish
    place = replace(place, page=f"{place.page}-{where[0]}{post.number}")
    open = where == "room" and post.key == reading.place.thread
    mine = post.author == reading.username
    match body:
        case Card():
            shown = replace(body, private=body.private or bool(post.only_for))
            return PostView(where, post.number, "", AGENT, post.at, mine=False, open=open, card=render(shown, place))
        case Said():
            name = body.name or post.author
            return PostView(where, post.number, post.author, name, post.at, mine=mine, open=open, text=body.text)
