"""An incident from beginning to end on Microsoft Teams: a real Airflow, a real client, in REST and in a browser."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.program import Running, running
from tests.servers.adaptive_cards import picture
from tests.servers.airflow import AirflowServer
from tests.servers.entra import Entra, entra
from tests.servers.playground import playground
from tests.servers.teams.reading import buttons, words
from tests.servers.teams.shown import Message
from tests.servers.teams.window import window
from tests.servers.teams_connector import Teams

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs

DAG, TASK = "oncall_timeout", "transform"
APPROVE = "Approve restart_dag_task"


@asynccontextmanager
async def at_work(airflow: AirflowServer, folder: Path) -> AsyncIterator[tuple[Running, Teams]]:
    """The program in a company whose team, group chat, alice and bob have the app."""
    async with AsyncExitStack() as stack:
        microsoft = stack.enter_context(entra())
        teams = await stack.enter_async_context(playground(microsoft))
        program = await stack.enter_async_context(running(folder, settings(airflow, teams, microsoft, folder)))
        teams.serves(f"{program.url}/api/messages")
        for scope in ("channel", "group"):
            await teams.installs(scope)
        for name in ("alice", "bob"):
            await teams.person(name).installs()
        yield program, teams


def settings(airflow: AirflowServer, teams: Teams, microsoft: Entra, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
        "LOG_PATHS": str(airflow.logs),
        "MONITORING_INTERVAL": "1",
        "ADMINS": teams.person("alice").email,
        "ONCALL_EMAILS": teams.person("bob").email,
        "CONFIDENCE_THRESHOLD": "0.9",  # so that it is handed over, and the first on call is woken
        **airflow.settings,
        **microsoft.settings,
    }


async def test_an_incident_from_its_card_to_its_end(airflow: AirflowServer, tmp_path: Path, pictures: Path) -> None:
    run = "teams-story-1"
    async with at_work(airflow, tmp_path) as (program, teams):
        alice, bob, mallory = (teams.person(name) for name in ("alice", "bob", "mallory"))
        card = await proposed(airflow, teams, run)
        for name in (DAG, run, TASK, "failed, try 1", "Open in the web chat"):
            assert name in words(card)
        await picture(card.card or {}, pictures / "teams-1-proposed.png")

        woken = await teams.until(lambda: teams.direct_messages("bob"))
        assert "Low confidence" in words(woken[-1])

        await mallory.presses(card, APPROVE)
        assert any("I do not know you yet" in words(one) for one in teams.private("mallory"))
        await bob.presses(woken[-1], APPROVE)
        assert any("this takes at least approver" in words(one) for one in teams.private("bob"))

        await alice.says("list", scope="group")
        await teams.until(lambda: [one for one in teams.messages("group") if f"{DAG}.{TASK}" in words(one)])
        await bob.says("ack 1", scope="personal")

        airflow.mend(run)
        await alice.presses(teams.now(card), APPROVE)
        await teams.until(lambda: "Resolved after" in words(teams.now(card)))
        thread = await teams.until(lambda: ended(teams, card))
        for step in ("I have woken bob", "bob is on it", "alice approved", "was sent", "#1 is resolved"):
            assert sum(step in said for said in thread) == 1, thread
        assert "approved by alice" in words(teams.now(card))
        assert APPROVE not in buttons(teams.now(card).card)
        assert "Resolved after" in words(teams.now(woken[-1]))
        await picture(teams.now(card).card or {}, pictures / "teams-2-resolved.png")
        assert (await airflow.task(DAG, run, TASK))["try_number"] == 2
        assert teams.violations == []
        assert await program.stop() == 0
    with sqlite3.connect(tmp_path / "incidents.db") as database:
        assert database.execute("select status, approved_by from actions").fetchall() == [("completed", "alice")]


@pytest.mark.parametrize("scope", ["incidents", "personal", "Ops chat"])
async def test_the_same_in_a_real_client(scope: str, airflow: AirflowServer, tmp_path: Path, pictures: Path) -> None:
    """In the channel by the card that was posted there; in the chats by asking for it."""
    run, name = f"teams-window-{scope[:3]}", scope.lower().replace(" ", "-")
    async with at_work(airflow, tmp_path) as (_program, teams), window(teams, pictures) as page:
        card = await proposed(airflow, teams, run)
        await page.opens(scope)
        if scope != "incidents":
            await page.says("show 1", mention=scope != "personal")
        await page.reads(f"{DAG}.{TASK} ran into its timeout")
        await page.picture(f"{name}-1-proposed")
        airflow.mend(run)
        await page.presses(APPROVE)
        await teams.until(lambda: "Resolved after" in words(teams.now(card)))
        await page.reads("Resolved after" if scope == "incidents" else "Approved")
        await page.picture(f"{name}-2-after")


async def proposed(airflow: AirflowServer, teams: Teams, run: str) -> Message:
    """A task times out, and its card stands in the channel once it asks for an approval."""
    await airflow.trigger(DAG, run)
    await airflow.task_is(DAG, run, TASK, "failed")

    def there() -> list[Message]:
        return [one for one in teams.messages("incidents") if run in words(one) and APPROVE in buttons(one.card)]

    return (await teams.until(there))[-1]


def ended(teams: Teams, card: Message) -> list[str]:
    """The thread, once its last step is there."""
    thread = [words(one) for one in teams.thread("incidents", card.id)]
    return thread if any("is resolved" in said for said in thread) else []
