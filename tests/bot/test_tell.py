"""What happened is told from the event log: once, in order, in place, and after a failure as well."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from adapters.chat.ask import Room
from adapters.chat.card import Card, Link, Text
from adapters.chat.platform import Handle, Platform, Ref
from adapters.chat.web.body import from_json
from adapters.chat.web.memory import MemoryPosts
from adapters.chat.web.platform import WebChat
from adapters.chat.web.sign_in import SignIn
from bot.cards import incident_card
from bot.standing import REPORT, Standing
from bot.storm import Storms
from bot.tell import Teller, Where
from engine import decide, group
from engine.desk import Desk
from engine.errors import NotFound, Unreachable
from engine.events import Escalated
from engine.model import Account, Incident, Role, WaitsFor
from engine.respond import advance
from storage.memory import MemoryCursors, MemoryPeople
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk, entry

ROOM = Room("incidents")


class Places:
    """Where cards stand, remembered while the test runs."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], tuple[str, str]] = {}

    async def get(self, platform: str, key: str) -> tuple[str, str] | None:
        return self.known.get((platform, key))

    async def about(self, platform: str, room: str, message: str) -> str | None:
        return next(
            (key for (where, key), place in self.known.items() if (where, place) == (platform, (room, message))), None
        )

    async def forget(self, platform: str, key: str) -> None:
        self.known.pop((platform, key), None)

    async def put(self, platform: str, key: str, room: str, message: str) -> tuple[str, str]:
        return self.known.setdefault((platform, key), (room, message))


async def _no_links(_incident: Incident) -> tuple[Link, ...]:
    return ()


class Flaky(Platform):
    """A platform that does not answer the first few times."""

    name = "web"

    def __init__(self, real: Platform, failures: int) -> None:
        self.real, self.failures, self.poison = real, failures, ""
        self.defect: Exception = ValueError("a defect in one card")
        self.away: Exception | None = None
        """Why nobody can be spoken to alone."""
        self.closed: set[str] = set()
        """Rooms in which nothing can be said or changed any more, and messages that take no replies."""

    def _maybe(self, card: Card) -> None:
        if self.poison and self.poison in card.title:
            raise self.defect
        if self.failures:
            self.failures -= 1
            raise Unreachable("The chat did not answer.")

    async def post(self, room: Room, card: Card, *, key: str, thread: Ref | None = None) -> Ref:
        self._maybe(card)
        if room in self.closed or (thread and thread.message in self.closed):
            raise Unreachable("The channel is archived.", temporary=False)
        return await self.real.post(room, card, key=key, thread=thread)

    async def update(self, ref: Ref, card: Card) -> None:
        self._maybe(card)
        if ref.room in self.closed:
            raise Unreachable("The channel is archived.", temporary=False)
        await self.real.update(ref, card)

    async def direct(self, identity: str) -> Room:
        if self.away:
            raise self.away
        return await self.real.direct(identity)

    def link(self, ref: Ref) -> str:
        return self.real.link(ref)

    def mount(self, app: object, handle: Handle) -> None:
        """It has no pages here."""


class Told:
    """A desk whose events are told to a web chat in memory."""

    def __init__(self, failures: int = 0) -> None:
        self.clock = FakeClock()
        self.desk: Desk = desk(Machine(), self.clock)
        self.posts = MemoryPosts(self.clock)
        chat = WebChat(
            self.posts, SignIn(MemoryPeople(), self.clock, MemoryCursors(), secret="x" * 32), hosts=("127.0.0.1",)
        )
        self.platform = Flaky(chat, failures)
        self.places = Places()
        self.people, self.cursors = MemoryPeople(), MemoryCursors()
        self.room = ROOM
        self.teller = self.new_teller()

    def new_teller(self, at_most: int = 10) -> Teller:
        where = Where(self.platform, lambda _incident: self.room, ROOM)
        standing = Standing(self.platform, self.places, incident_card, _no_links, self.clock.now())
        storms = Storms("web", self.cursors, self.clock, at_most)
        return Teller(self.desk.incidents, self.people, where, standing, storms)

    async def knows(self, *usernames: str) -> None:
        """These have an account, linked to this chat."""
        for name in usernames:
            await self.people.save(Account(name, name, name, "", Role.APPROVER))
            await self.people.link("web", name, name)

    async def settle(self) -> None:
        incident = await self.desk.incidents.numbered(1)
        while incident.waits_for is WaitsFor.MACHINE:
            incident = await advance(self.desk, incident)

    async def tell(self) -> None:
        await self.teller.tell_all()

    async def titles(self, room: str = ROOM) -> Sequence[str]:
        bodies = [from_json(post.body) for post in await self.posts.room(room)]
        return [body.title for body in bodies if isinstance(body, Card)]


async def test_an_incident_is_one_card_and_its_steps_are_its_thread() -> None:
    told = Told()
    await group.hear(told.desk, [entry()])
    await told.settle()
    await told.tell()
    assert await told.titles() == ["#1 Airflow task orders.transform ran into its timeout"]
    await decide.approve(told.desk, 1, "bob")
    await told.settle()
    await told.tell()
    assert await told.titles() == [
        "#1 Airflow task orders.transform ran into its timeout",
        "bob approved restart_dag_task",
        "restart_dag_task was sent",
        "#1 is resolved",
    ]


async def test_seen_again_counts_up_and_posts_nothing() -> None:
    told = Told()
    await group.hear(told.desk, [entry()])
    await told.settle()
    await told.tell()
    await group.hear(told.desk, [entry(position=position) for position in range(1, 201)])
    before = len(await told.posts.room(ROOM))
    await told.tell()
    posts = await told.posts.room(ROOM)
    assert len(posts) == before
    assert "201 times" in posts[0].body


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_a_chat_that_does_not_answer_is_told_later_and_once(failures: int) -> None:
    told = Told(failures)
    await group.hear(told.desk, [entry()])
    await told.settle()
    await decide.reject(told.desk, 1, "bob", "not now")
    for _ in range(failures):
        with pytest.raises(Unreachable):
            await told.tell()
    told.teller = told.new_teller()  # as after a restart
    await told.tell()
    assert await told.titles() == [
        "#1 Airflow task orders.transform ran into its timeout",
        "bob rejected restart_dag_task",
    ]
    assert await told.desk.incidents.untold("web") == []


@pytest.mark.parametrize(
    "defect", [ValueError("a defect in one card"), Unreachable("a defect in one card", temporary=False)], ids=type
)
async def test_one_incident_that_cannot_be_told_does_not_keep_the_others_back(defect: Exception) -> None:
    told = Told()
    told.platform.poison, told.platform.defect = "orders.transform", defect
    await group.hear(told.desk, [entry(), entry(entry().text.replace("orders", "billing"), 9)])
    await told.settle()
    with pytest.raises(type(defect), match="a defect"):
        await told.tell()
    assert await told.titles() == ["#2 Airflow task billing.transform ran into its timeout"]
    told.platform.poison = ""
    await told.tell()
    assert len(await told.titles()) == 2


async def test_whoever_is_woken_gets_the_whole_incident_in_a_message_of_their_own() -> None:
    told = Told()
    await told.knows("ada")
    [incident] = await group.hear(told.desk, [entry()])
    await told.settle()
    await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered for 15 minutes."))
    await told.tell()
    room = await told.platform.direct("ada")
    [title] = await told.titles(room)
    assert title.startswith("#1 Airflow task")
    assert "I have woken ada" in await told.titles()
    [post] = await told.posts.room(room)
    assert "Nobody has answered for 15 minutes." in post.body
    assert "Approve restart_dag_task" in post.body
    await decide.approve(told.desk, 1, "ada")
    await told.settle()
    await told.tell()
    [post] = await told.posts.room(room)
    assert "Approve restart_dag_task" not in post.body
    assert "Resolved after" in post.body


async def test_a_report_from_where_the_agent_may_not_speak_stands_where_all_others_do() -> None:
    told = Told()
    told.platform.closed = {"lobby"}
    await told.places.put("web", f"{REPORT}bob#web lobby 7", "lobby", "7")
    await group.reported(told.desk, entry(source=f"{REPORT}bob#web lobby 7"))
    await told.settle()
    await told.tell()
    await decide.reject(told.desk, 1, "bob", "not now")
    await told.tell()
    assert await told.titles() == [
        "#1 Airflow task orders.transform ran into its timeout",
        "bob rejected restart_dag_task",
    ]
    assert await told.desk.incidents.untold("web") == []


@pytest.mark.parametrize(("at_most", "times"), [(10, 1), (0, 0)], ids=["calm", "storm"])
async def test_the_end_of_the_room_says_what_came_back(at_most: int, times: int) -> None:
    """Once, for its card stands further up; in a storm its thread is enough."""
    told = Told()
    await group.hear(told.desk, [entry()])
    await told.settle()
    await told.tell()
    await decide.resolve(told.desk, 1, "bob", "by hand")
    await told.tell()
    told.clock.pass_time(minutes=10)
    told.teller = told.new_teller(at_most)
    await group.hear(told.desk, [entry(entry().text.replace("02:59", "03:30"), 50)])
    await told.tell()
    await told.tell()
    back = "#1 came back: Airflow task orders.transform ran into its timeout"
    roots = [from_json(post.body) for post in await told.posts.room(ROOM) if not post.thread]
    assert [one.title for one in roots if isinstance(one, Card)] == [
        "#1 Airflow task orders.transform ran into its timeout",
        *[back] * times,
    ]
    assert (await told.titles())[-1 - times :] == ["#1 came back", *[back] * times]


async def test_what_stands_in_a_room_that_was_closed_goes_on_in_the_main_room() -> None:
    told = Told()
    told.room = Room("data")
    await group.hear(told.desk, [entry()])
    await told.settle()
    await told.tell()
    assert await told.titles("data") == ["#1 Airflow task orders.transform ran into its timeout"]
    told.platform.closed = {"data"}
    await decide.reject(told.desk, 1, "bob", "not now")
    await told.tell()
    await decide.resolve(told.desk, 1, "bob", "by hand")
    await told.tell()
    assert await told.titles() == [
        "#1 Airflow task orders.transform ran into its timeout",
        "bob rejected restart_dag_task",
        "#1 is resolved",
    ]


async def test_where_the_main_room_is_closed_too_it_is_told_once_that_is_open() -> None:
    told = Told()
    told.room, told.platform.closed = Room("data"), {"data", ROOM}
    await group.hear(told.desk, [entry()])
    await told.settle()
    with pytest.raises(Unreachable, match="archived"):
        await told.tell()
    told.platform.closed = {"data"}
    await told.tell()
    assert await told.titles() == ["#1 Airflow task orders.transform ran into its timeout"]


@pytest.mark.parametrize("closed", ["thread", "room"])
async def test_where_nothing_is_taken_any_more_somebody_is_woken_all_the_same(closed: str) -> None:
    told = Told()
    await told.knows("ada")
    [incident] = await group.hear(told.desk, [entry()])
    await told.settle()
    await told.tell()
    card = await told.teller._standing.known(incident)  # noqa: SLF001 - which message that is
    assert card
    told.platform.closed = {card.message if closed == "thread" else ROOM}
    await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered for 15 minutes."))
    for _ in range(12):
        with pytest.raises(Unreachable, match="archived"):
            await told.tell()
    [title] = await told.titles(await told.platform.direct("ada"))
    assert title.startswith("#1 Airflow task")
    told.platform.closed = set()
    await told.tell()
    assert await told.titles() == ["#1 Airflow task orders.transform ran into its timeout", "I have woken ada"]
    assert len(await told.titles(await told.platform.direct("ada"))) == 1


LINKING = " Say link in the web chat, or ask an admin: oncall people link ada web <id>"


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (NotFound("Slack knows no such person."), f"Slack knows no such person.{LINKING}"),
        (Unreachable("Her account is deactivated.", temporary=False), "Her account is deactivated."),
        (None, f"There is no account ada.{LINKING}"),
    ],
    ids=type,
)
async def test_the_thread_says_why_somebody_could_not_be_woken(away: Exception | None, words: str) -> None:
    told = Told()
    told.platform.away = away
    if away:
        await told.knows("ada")
    [incident] = await group.hear(told.desk, [entry()])
    await told.settle()
    await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered for 15 minutes."))
    await told.tell()
    assert "I could not reach ada here" in await told.titles()
    bodies = [from_json(post.body) for post in await told.posts.room(ROOM)]
    [card] = [body for body in bodies if isinstance(body, Card) and body.title == "I could not reach ada here"]
    assert card.parts == (Text(words),)
    assert await told.desk.incidents.untold("web") == []


async def test_whose_account_is_switched_off_learns_nothing_more() -> None:
    told = Told()
    await told.knows("ada")
    await told.people.save(Account("ada", "ada", "Ada", "", Role.APPROVER, is_active=False))
    [incident] = await group.hear(told.desk, [entry()])
    await told.settle()
    await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered for 15 minutes."))
    await told.tell()
    assert "The account ada is switched off." in str([post.body for post in await told.posts.room(ROOM)])
    assert await told.titles(await told.platform.direct("ada")) == []


async def test_somebody_who_does_not_answer_now_is_woken_later() -> None:
    told = Told()
    await told.knows("ada")
    told.platform.away = Unreachable("The chat did not answer.")
    [incident] = await group.hear(told.desk, [entry()])
    await told.settle()
    await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered for 15 minutes."))
    with pytest.raises(Unreachable):
        await told.tell()
    told.platform.away = None
    await told.tell()
    assert "I could not reach ada here" not in await told.titles()
    assert len(await told.titles(await told.platform.direct("ada"))) == 1
