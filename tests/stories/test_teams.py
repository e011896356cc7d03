"""Teams at its worst: busy, broken, blocked, deleted, in every scope. Nothing is lost, and nothing is done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.desks import TIMEOUT
from tests.program import Running, running
from tests.servers.entra import entra
from tests.servers.small_airflow import SmallAirflow
from tests.servers.teams import activities
from tests.servers.teams.company import PEOPLE
from tests.servers.teams.reading import buttons, words
from tests.servers.teams.shown import Message
from tests.servers.teams_connector import Teams, connector
from tests.waiting import PATIENCE

pytestmark = pytest.mark.real

APPROVE = "Approve restart_dag_task"
STEPS = ("alice approved restart_dag_task", "restart_dag_task was sent", "#1 is resolved")


@dataclass
class Story:
    """A program in a company on Teams, watching a log, with an Airflow that counts what reaches it."""

    folder: Path
    airflow: SmallAirflow
    teams: Teams
    program: Running

    def breaks(self) -> None:
        log = self.folder / "logs" / "task.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(TIMEOUT.replace("2026-11-21T02:59:00Z", "2099-01-01T00:00:00Z") + "\n")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.folder}/incidents.db?mode=ro", PATIENCE, uri=True) as database:
            return database.execute(query).fetchall()

    async def card(self, text: str = APPROVE) -> Message:
        """The newest card of the channel, once this can be read in it."""

        def there() -> list[Message]:
            found = [self.teams.now(one) for one in self.teams.messages("incidents") if one.card]
            return found if found and text in words(found[-1]) else []

        return (await self.teams.until(there))[-1]

    async def thread(self, card: Message, last: str) -> list[str]:
        def there() -> list[str]:
            said = [words(one) for one in self.teams.thread("incidents", card.id)]
            return said if said and last in said[-1] else []

        return await self.teams.until(there)


@asynccontextmanager
async def told(folder: Path, **more: str) -> AsyncIterator[Story]:
    async with AsyncExitStack() as stack:
        airflow = await stack.enter_async_context(SmallAirflow().serving())
        microsoft = stack.enter_context(entra())
        teams = await stack.enter_async_context(connector(microsoft))
        given = {
            "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
            "LOG_PATHS": str(folder / "logs"),
            "MONITORING_INTERVAL": "1",
            "ADMINS": "alice@acme.test",
            **airflow.settings,
            **microsoft.settings,
            **more,
        }
        program = await stack.enter_async_context(running(folder, given))
        teams.serves(f"{program.url}/api/messages")
        for scope in ("channel", "group"):
            await teams.installs(scope)
        for name in ("alice", "bob"):
            await teams.person(name).installs()
        yield Story(folder, airflow, teams, program)
        assert teams.violations == []


def once_and_in_order(thread: list[str]) -> None:
    assert [next(step for step in STEPS if step in said) for said in thread] == list(STEPS)


@pytest.mark.parametrize(("status", "wait"), [(429, 3.0), (412, None), (502, None), (504, None)])
async def test_what_teams_does_not_take_is_sent_again_once_and_in_order(
    status: int, wait: float | None, tmp_path: Path
) -> None:
    async with told(tmp_path) as story:
        story.teams.fails(status, times=2, retry_after=wait)
        story.breaks()
        card = await story.card()
        story.teams.fails(status, times=3, retry_after=wait)
        await story.teams.person("alice").presses(card, APPROVE)
        once_and_in_order(await story.thread(card, "is resolved"))
        assert len(story.airflow.clears) == 1
        assert len([one for one in story.teams.messages("incidents") if one.card]) == 1
        assert "approved by alice" in words(await story.card("Resolved after"))


@pytest.mark.parametrize("scope", ["personal", "group"])
async def test_an_approval_counts_from_every_scope(scope: str, tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks()
        card = await story.card()
        await story.teams.person("alice").says("show 1", scope=scope)

        def answer() -> list[Message]:
            found = story.teams.messages(scope) if scope == "group" else story.teams.direct_messages("alice")
            return [one for one in found if APPROVE in buttons(one.card)]

        shown = (await story.teams.until(answer))[-1]
        await story.teams.person("alice").presses(shown, APPROVE)
        once_and_in_order(await story.thread(card, "is resolved"))
        assert len(story.airflow.clears) == 1


async def test_who_cannot_be_written_to_is_told_of_in_the_thread(tmp_path: Path) -> None:
    async with told(tmp_path, ONCALL_EMAILS="bob@acme.test", CONFIDENCE_THRESHOLD="0.9") as story:
        story.teams.blocks("bob")
        story.breaks()
        card = await story.card()
        thread = await story.thread(card, "could not reach bob")
        assert "I have woken bob" in thread[0]
        assert story.teams.direct_messages("bob") == []


async def test_a_card_that_somebody_deleted_stands_there_again(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks()
        card = await story.card()
        story.teams.messages_by_id[card.place, card.id].deleted = True
        await story.teams.person("alice").says("ack 1", scope="personal")
        again = await story.card("alice")
        assert again.id != card.id
        assert APPROVE in buttons(again.card)


async def test_a_message_becomes_an_incident_and_its_thread_the_incidents(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        alice = story.teams.person("alice")
        delivered = await alice.message_action("the nightly export is empty", "report_as_incident", {})
        assert delivered.status == 200
        [reported] = await story.teams.until(
            lambda: story.teams.messages("incidents") or story.teams.messages("channel")
        )
        thread = await story.teams.until(lambda: story.teams.thread(reported.conversation, reported.id))
        assert "#1 the nightly export is empty" in words(thread[0])


async def test_a_message_of_a_channel_that_we_are_not_in_becomes_an_incident_of_ours(tmp_path: Path) -> None:
    """Its menu is there for whoever added the agent for themselves; nobody can answer in that channel."""
    async with told(tmp_path) as story:
        alice, elsewhere = PEOPLE["alice"], "19:elsewhere@thread.tacv2;messageid=7"
        payload = activities.payload("7", "dave", "<p>the nightly export is empty</p>", elsewhere)
        chosen = activities.message_action(alice, "a:1", "report_as_incident", payload, {})
        place = {**chosen["conversation"], "id": elsewhere, "conversationType": "channel"}
        answer = await story.teams.deliver({**chosen, "conversation": place})
        assert "#1 the nightly export is empty" in answer.message
        await story.card("#1 the nightly export is empty")
        story.breaks()
        await story.card("orders.transform")


async def test_a_wrong_value_is_said_under_its_field_and_a_right_one_is_approved(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        story.breaks()
        card = await story.card()
        alice = story.teams.person("alice")
        form = {"dag_id": "../orders"}
        refused = await alice.presses(card, "Change and approve", form)
        assert "has characters that are not allowed there" in words(refused.card)
        await alice.presses(await story.card(), "Change and approve", {"dag_id": "orders", "task_id": "load"})
        thread = await story.thread(card, "is resolved")
        assert any("alice changed restart_dag_task" in said for said in thread)


async def test_a_viewers_client_gets_a_card_without_what_a_viewer_may_not_press(tmp_path: Path) -> None:
    async with told(tmp_path, ONCALL_EMAILS="bob@acme.test") as story:
        story.breaks()
        card = await story.card()
        bob = story.teams.person("bob")
        await bob.refreshes(card)
        own = story.teams.seen_by("bob", card)
        assert APPROVE not in buttons(own)
        assert "Acknowledge" in buttons(own)
        assert APPROVE in buttons(card.card)
