"""Slack at its worst: too fast, too slow, twice, forged, gone in the middle. Nothing is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.desks import TIMEOUT
from tests.program import Running, page, running, say, signed_in
from tests.servers.slack import Fault, Slack, slack, words
from tests.servers.small_airflow import SmallAirflow
from tests.waiting import PATIENCE

pytestmark = pytest.mark.real

APPROVE = "Approve restart_dag_task"


@dataclass
class Story:
    """A program in a workspace, watching a log, with an Airflow that counts what reaches it."""

    folder: Path
    airflow: SmallAirflow
    acme: Slack
    program: Running

    def breaks(self, *dags: str, named: bool = True) -> None:
        """A task of each fails; if not ``named``, the log does not say in which run."""
        log = self.folder / "logs" / "task.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("a") as file:
            for dag in dags:
                line = TIMEOUT.replace("2026-11-21T02:59:00Z", "2099-01-01T00:00:00Z")
                line = line if named else line.replace('"run_id":"manual__1",', "")
                file.write(line.replace('"orders"', f'"{dag}"').replace("manual__1", f"run__{dag}") + "\n")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.folder}/incidents.db?mode=ro", PATIENCE, uri=True) as database:
            return database.execute(query).fetchall()

    async def card(self, text: str = APPROVE, channel: str = "incidents") -> dict[str, Any]:
        """The newest card of the channel, once this can be read in it."""

        async def there() -> dict[str, Any] | None:
            cards = await self.acme.messages(channel)
            return cards[-1] if cards and text in words(cards[-1]) else None

        found: dict[str, Any] = await self.acme.until(there)
        return found

    async def thread(self, card: dict[str, Any], last: str) -> list[str]:
        """The thread, once its last reply says so."""

        async def there() -> list[str]:
            said = [words(one) for one in await self.acme.thread(card["channel"], card["ts"])]
            return said if said and last in said[-1] else []

        found: list[str] = await self.acme.until(there)
        return found

    async def restart(self) -> None:
        await self.program.start()
        self.acme.serves(f"{self.program.url}/slack/events")


@asynccontextmanager
async def told(folder: Path, *, socket: bool = False, **settings: str) -> AsyncIterator[Story]:
    async with AsyncExitStack() as stack:
        airflow = await stack.enter_async_context(SmallAirflow().serving())
        acme = await stack.enter_async_context(slack())
        door = {"SLACK_APP_TOKEN": acme.app_token} if socket else {"SLACK_SIGNING_SECRET": acme.signing_secret}
        given = {
            "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
            "LOG_PATHS": str(folder / "logs"),
            "MONITORING_INTERVAL": "1",
            "ADMINS": "alice@acme.test",
            **airflow.settings,
            **acme.settings,
            **door,
            **settings,
        }
        program = await stack.enter_async_context(running(folder, given))
        if socket:
            await acme.socket.ready()
        else:
            acme.serves(f"{program.url}/slack/events")
        yield Story(folder, airflow, acme, program)
        assert acme.api.violations == []


STEPS = ("alice approved restart_dag_task", "restart_dag_task was sent", "#1 is resolved")


def once_and_in_order(thread: list[str]) -> None:
    assert [next(step for step in STEPS if step in said) for said in thread] == list(STEPS)


@pytest.mark.parametrize("socket", [False, True], ids=["http", "socket"])
async def test_the_same_click_three_times_acts_once(socket: bool, tmp_path: Path) -> None:
    async with told(tmp_path, socket=socket) as story:
        story.breaks("orders")
        card = await story.card()
        await story.acme.person("alice").press(card, APPROVE, times=3)
        once_and_in_order(await story.thread(card, "is resolved"))
        assert len(story.airflow.clears) == 1
        await asyncio.sleep(1)
        assert story.acme.ephemerals("alice") == [] or len(story.acme.ephemerals("alice")) == 1


async def test_half_a_minute_of_429_delays_and_doubles_nothing(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks("orders")
        card = await story.card()
        story.acme.api.fail("chat.postMessage", Fault.BUSY, seconds=30)
        story.acme.api.fail("chat.update", Fault.BUSY, seconds=30)
        await story.acme.person("alice").press(card, APPROVE)
        once_and_in_order(await story.thread(card, "is resolved"))
        assert len(story.airflow.clears) == 1
        assert len(await story.acme.messages("incidents")) == 1
        assert "approved by alice" in words(await story.card("Resolved after"))


@pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.LOST, Fault.BROKEN])
async def test_an_answer_that_is_lost_doubles_and_loses_no_message(fault: Fault, tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.acme.api.fail("chat.postMessage", fault, times=2)
        story.breaks("orders")
        card = await story.card()
        story.acme.api.fail("chat.postMessage", fault, times=2)
        await story.acme.person("alice").press(card, APPROVE)
        once_and_in_order(await story.thread(card, "is resolved"))
        assert len(await story.acme.messages("incidents")) == 1


@pytest.mark.parametrize("how", [{"forge": True}, {"unsigned": True}, {"age": 360}], ids=str)
async def test_what_slack_did_not_send_is_refused_and_does_nothing(how: dict[str, Any], tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks("orders")
        card = await story.card()
        alice = story.acme.person("alice")
        assert (await alice.press(card, APPROVE, **how)).status == 401
        assert (await alice.slash("/oncall", "approve 1", **how)).status == 401
        assert (await alice.mention("approve 1", **how)).status == 401
        await asyncio.sleep(1)
        assert story.rows("select count(*) from events where kind = 'Approved'") == [(0,)]
        assert story.airflow.clears == []


async def test_a_click_that_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks("orders")
        card = await story.card()
        story.acme.api.fail("users.info", Fault.SLOW, after=30, times=1)  # so that it dies before it has decided
        delivered = await story.acme.person("alice").press(card, APPROVE)
        assert delivered.status == 200
        assert story.program.process
        story.program.process.kill()
        await story.program.died()
        story.acme.api.faults.planned.clear()  # it may have died before it had asked who that is
        assert story.rows("select count(*) from events where kind = 'Approved'") == [(0,)]
        await story.restart()
        await story.acme.person("alice").again(delivered, retry=1)
        once_and_in_order(await story.thread(card, "is resolved"))
        assert len(story.airflow.clears) == 1


async def test_a_storm_of_500_is_ten_cards_and_a_digest(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks(*(f"dag_{number}" for number in range(500)))
        await story.card("490 more incidents")
        assert len(await story.acme.messages("incidents")) == 11
        digest = await story.card("490 more incidents")
        await story.acme.person("alice").slash("/oncall", "show 400")
        [shown] = await story.acme.until(lambda: story.acme.ephemerals("alice"))
        await story.acme.person("alice").press(shown, APPROVE)
        card = await story.card("#400")
        assert card["ts"] > digest["ts"]
        run = await _run_of(story, 400)
        assert story.airflow.clears == [run]


async def _run_of(story: Story, number: int) -> str:
    await story.acme.until(lambda: story.airflow.clears)
    [(body,)] = story.rows(f"select body from incidents where number = {number}")  # noqa: S608 - a number
    found = re.search(r'"dag_run_id":"([^"]+)"', body)
    assert found
    return found[1]


async def test_a_message_becomes_an_incident_and_its_thread_the_incidents(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        alice = story.acme.person("alice")
        message = await alice.writes("the nightly export is empty since yesterday", "data-oncall")
        await alice.shortcut(message, "report_as_incident")
        [answer] = await story.acme.until(lambda: story.acme.ephemerals("alice"))
        assert "That is #1" in words(answer)
        thread = await story.acme.until(lambda: story.acme.thread("data-oncall", message["ts"]))
        assert "#1 the nightly export is empty" in words(thread[0])
        assert await story.acme.messages("incidents") == []
        await alice.mention("note the vendor knows", "data-oncall", thread=message["ts"])
        await story.acme.until(lambda: story.rows("select 1 from events where kind = 'Noted'"))
        await alice.mention("resolve restarted the export", "data-oncall", thread=message["ts"])
        await story.acme.until(lambda: story.rows("select 1 from events where kind = 'Resolved'"))


async def test_what_is_reported_where_the_agent_is_not_stands_in_its_own_channel(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        alice = story.acme.person("alice")
        message = await alice.writes("the nightly export is empty since yesterday", "random")
        await alice.shortcut(message, "report_as_incident")
        card = await story.card("#1 the nightly export is empty")
        await alice.press(card, "Acknowledge")
        await story.thread(card, "alice is on it")


async def test_parameters_are_changed_in_a_form_with_errors_under_the_fields(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks("orders")
        card = await story.card()
        alice = story.acme.person("alice")
        await alice.press(card, "Change and approve …")
        [form] = await story.acme.until(lambda: story.acme.modals("alice"))
        refused = await alice.submit(form, {"DAG": "../orders"})
        assert refused.json["response_action"] == "errors"
        assert list(refused.json["errors"].values()) == ["has characters that are not allowed there"]
        await alice.submit(story.acme.modals("alice")[-1], {"DAG": "orders", "Task": "load"})
        thread = await story.thread(card, "is resolved")
        assert any("alice changed restart_dag_task" in said and "task load" in said for said in thread)
        assert story.rows("select json_extract(parameters, '$.task_id') from actions where status = 'completed'") == [
            ("load",)
        ]


async def test_a_form_asks_for_the_run_that_the_log_does_not_name(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks("orders", named=False)
        card = await story.card("Fill in and approve")
        assert APPROVE not in words(card)
        alice = story.acme.person("alice")
        await alice.press(card, "Fill in and approve …")
        [form] = await story.acme.until(lambda: story.acme.modals("alice"))
        await alice.submit(form, {"DAG run": "manual__7"})
        await story.thread(card, "is resolved")
        assert story.airflow.clears == ["manual__7"]


async def test_a_code_from_the_web_chat_makes_a_stranger_known(tmp_path: Path) -> None:
    async with told(tmp_path, ADMINS="ada") as story:
        story.breaks("orders")
        card = await story.card()
        bob = story.acme.person("bob")
        await bob.press(card, APPROVE)
        [refused] = await story.acme.until(lambda: story.acme.ephemerals("bob"))
        assert "I do not know you yet" in words(refused)
        async with signed_in(story.program) as session:
            await say(session, story.program, "link")
            code = re.search(r"/oncall link ([A-Z2-9]{8})", await page(session))
        assert code
        await bob.slash("/oncall", f"link {code[1]}")
        await story.acme.until(lambda: [one for one in story.acme.ephemerals("bob") if "You are ada" in words(one)])
        await bob.press(card, APPROVE)
        thread = await story.thread(card, "is resolved")
        assert any("ada approved" in said for said in thread)


async def test_home_shows_what_waits_and_approves_it(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks("orders")
        await story.card()
        alice = story.acme.person("alice")
        await alice.opens_home()
        home = await story.acme.until(lambda: story.acme.home("alice"))
        assert "1 with nobody yet" in words(home)
        await alice.press_home(APPROVE)
        await story.acme.until(lambda: story.airflow.clears)
        await story.acme.until(lambda: "Nothing waits for you" in words(story.acme.home("alice") or {}))


async def test_socket_mode_comes_back_and_loses_nothing_said_in_between(tmp_path: Path) -> None:
    async with told(tmp_path, socket=True) as story:
        story.breaks("orders")
        card = await story.card()
        await story.acme.socket.disconnect("refresh_requested", 0)
        await story.acme.person("alice").mention("ack 1", thread=card["ts"])
        await story.acme.until(lambda: story.rows("select 1 from events where kind = 'Acknowledged'"))
        await story.acme.socket.ready()
        await story.acme.socket.drop()
        await story.acme.socket.ready(connections=3)
        await story.acme.person("alice").press(card, APPROVE)
        await story.thread(card, "is resolved")
        assert len(story.airflow.clears) == 1
