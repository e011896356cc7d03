"""An incident from beginning to end on Slack, all real: an Airflow task times out, people press buttons, it is mended."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.program import Running, running
from tests.servers.airflow import AirflowServer
from tests.servers.block_kit import picture
from tests.servers.slack import Slack, slack, words

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs

DAG, RUN, TASK = "oncall_timeout", "slack-story-1", "transform"


def settings(airflow: AirflowServer, acme: Slack, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
        "LOG_PATHS": str(airflow.logs),
        "MONITORING_INTERVAL": "1",
        "ADMINS": "alice@acme.test",
        "ONCALL_EMAILS": "alice@acme.test",
        "CONFIDENCE_THRESHOLD": "0.9",  # so that it is handed over, and the first on call is woken
        **airflow.settings,
        **acme.settings,
        "SLACK_SIGNING_SECRET": acme.signing_secret,
        "SLACK_ROUTES": "service=airflow -> data-oncall",
    }


@asynccontextmanager
async def at_work(airflow: AirflowServer, acme: Slack, folder: Path) -> AsyncIterator[Running]:
    async with running(folder, settings(airflow, acme, folder)) as program:
        acme.serves(f"{program.url}/slack/events")
        yield program


async def test_an_incident_from_its_card_to_its_end(airflow: AirflowServer, tmp_path: Path, pictures: Path) -> None:
    async with slack() as acme, at_work(airflow, acme, tmp_path) as program:
        alice, mallory = acme.person("alice"), acme.person("mallory")
        await airflow.trigger(DAG, RUN)
        await airflow.task_is(DAG, RUN, TASK, "failed")
        card = await proposed(acme)
        for name in (DAG, RUN, TASK, "failed, try 1", "Approve restart_dag_task", "Open in the web chat"):
            assert name in words(card)
        await picture(card, pictures / "slack-1-proposed.png")

        [woken] = await acme.until(lambda: acme.direct_messages("alice"))
        assert "Low confidence" in words(woken)
        await picture(woken, pictures / "slack-2-woken.png")

        assert (await mallory.press(card, "Approve restart_dag_task")).status == 200
        [refused] = await acme.until(lambda: acme.ephemerals("mallory"))
        assert "I do not know you yet" in words(refused)

        assert (await alice.slash("/oncall", "list", "data-oncall")).status == 200
        [listed] = await acme.until(lambda: acme.ephemerals("alice"))
        assert f"{DAG}.{TASK}" in words(listed)

        airflow.mend(RUN)
        assert (await alice.press(card, "Approve restart_dag_task")).status == 200
        await acme.until(lambda: resolved(acme))
        thread = await acme.until(lambda: ended(acme, card["ts"]))
        for step in (
            "I have woken alice",
            "alice approved restart_dag_task",
            "restart_dag_task was sent",
            "#1 is resolved",
        ):
            assert sum(step in said for said in thread) == 1, thread
        [changed] = await acme.messages("data-oncall")
        assert "Resolved after" in words(changed)
        assert "Approve" not in words(changed)
        await picture(changed, pictures / "slack-3-resolved.png")
        [woken] = await acme.direct_messages("alice")
        assert "Resolved after" in words(woken)

        task = await airflow.task(DAG, RUN, TASK)
        assert (task["state"], task["try_number"]) == ("success", 2)
        assert acme.api.violations == []
        assert await acme.messages("incidents") == []
        assert await program.stop() == 0
    with sqlite3.connect(tmp_path / "incidents.db") as database:
        assert database.execute("select status, approved_by from actions").fetchall() == [("completed", "alice")]


async def proposed(acme: Slack) -> dict[str, Any]:
    """The card in its routed channel, once it asks for an approval."""

    async def there() -> dict[str, Any] | None:
        cards = await acme.messages("data-oncall")
        return cards[0] if cards and "Approve restart_dag_task" in words(cards[0]) else None

    card: dict[str, Any] = await acme.until(there)
    return card


async def ended(acme: Slack, ts: str) -> list[str]:
    """The thread, once its last step is there."""
    thread = [words(one) for one in await acme.thread("data-oncall", ts)]
    return thread if any("is resolved" in said for said in thread) else []


async def resolved(acme: Slack) -> bool:
    [card] = await acme.messages("data-oncall")
    return "Resolved after" in words(card)
