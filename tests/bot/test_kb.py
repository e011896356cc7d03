"""The knowledge base in chat and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.chat import plain
from adapters.chat.ask import Ask, Room
from adapters.chat.card import Form
from bot.commands.kb import kb
from bot.knowledge_base import app
from bot.office import Asked, Office
from engine import knowledge
from engine.errors import Forbidden, NotFound, Refused
from engine.knowledge_base import KnowledgeEntry, Library
from engine.model import Account, Role
from storage.knowledge_entries import MemoryKnowledgeEntries
from storage.memory import MemoryPeople
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk

RECORD = {"title": "Kafka consumer lags", "service": "kafka", "actions_taken": ["restart_service"], "success": True}


class Shelf:
    """A room in which people ask of the knowledge base."""

    def __init__(self) -> None:
        self.library = Library(MemoryKnowledgeEntries(FakeClock()), knowledge.load())
        self.office = Office(desk(Machine()), MemoryPeople(), tuple, library=self.library)

    async def say(self, text: str, role: Role = Role.APPROVER) -> str:
        ask = Ask(text, "web", "ada", "Ada", Room("incidents"))
        return plain.render(await kb(Asked(ask, Account("ada", "ada", "Ada", "", role), self.office)))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_what_is_added_is_listed_shown_found_and_exported(shelf: Shelf) -> None:
    line = "kb add title='Consumer lag grows' service=kafka patterns='lag > 100000\nrebalanc.*failed' steps='Look | Ask' actions=restart_service"
    assert "Kept as kafka/consumer-lag-grow" in await shelf.say(line, Role.RESPONDER)
    entry = await shelf.library.get("kafka/consumer-lag-grow")
    assert entry.error_patterns == ("lag > 100000", "rebalanc.*failed")
    assert (entry.solution_steps, entry.created_by) == (("Look", "Ask"), "ada")
    assert "Consumer lag grows · restart_service" in await shelf.say("kb list kafka", Role.VIEWER)
    assert "1. Look" in await shelf.say("kb show kafka/consumer-lag-grow", Role.VIEWER)
    assert "rebalanc.*failed" in await shelf.say("kb search consumer group lag: rebalancing has failed", Role.VIEWER)
    assert '"title": "Consumer lag grows"' in await shelf.say("kb export", Role.VIEWER)
    assert "0 entries" in await shelf.say("kb export mysql", Role.VIEWER)


async def test_what_ships_is_found_by_a_log_line(shelf: Shelf) -> None:
    said = await shelf.say("kb search java.lang.OutOfMemoryError: Java heap space", Role.VIEWER)
    assert "OutOfMemoryError”" in said
    assert "[Show] kb show" in said
    assert "Nothing like it" in await shelf.say("kb search weather forecast")


async def test_what_is_no_failure_is_not_listed(shelf: Shelf) -> None:
    assert not [one.id for one in await shelf.library.all() if one.id.startswith("benign/")]


async def test_a_mere_title_is_an_entry(shelf: Shelf) -> None:
    await shelf.say("kb add The moon is full")
    assert "The moon is full · a person mends it" in await shelf.say("kb list any/the-moon-is-full")
    assert "in the place of what was known" in await shelf.say("kb add The moon is full")


async def test_who_may_not_is_refused(shelf: Shelf) -> None:
    with pytest.raises(Forbidden):
        await shelf.say("kb add x", Role.VIEWER)
    with pytest.raises(Forbidden):
        await shelf.say(f"kb import {json.dumps(RECORD)}", Role.RESPONDER)


async def test_a_proposed_entry_waits_for_a_person(shelf: Shelf) -> None:
    await shelf.library.keep([KnowledgeEntry("a/b", "First restart, then wait", proposed=True)])
    assert "· proposed" in await shelf.say("kb list a/b")
    assert "Accept" in await shelf.say("kb show a/b")
    with pytest.raises(Forbidden):
        await shelf.say("kb accept a/b", Role.RESPONDER)
    assert "is knowledge from now on" in await shelf.say("kb accept a/b")
    assert not (await shelf.library.get("a/b")).proposed
    with pytest.raises(Refused, match="accepted already"):
        await shelf.say("kb accept a/b")


async def test_pasted_json_is_taken_in_and_its_troubles_are_told(shelf: Shelf) -> None:
    said = await shelf.say(f"kb import {json.dumps([RECORD, 7])}")
    assert "1 kept, 0 known already" in said
    assert "Record 2 was left out" in said
    assert "0 kept, 1 known already" in await shelf.say(f"kb import {json.dumps(RECORD)}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kb dance", "kb list, kb search"),
        ("kb show", "kb show airflow/task-timeout"),
        ("kb accept", "kb accept airflow/task-timeout"),
        ("kb search", "What shall I look for"),
        ("kb add title='x", "quotation mark"),
        ("kb add colour=red", "no colour"),
        ("kb add title=''", "needs a title"),
        ("kb import {", "no JSON"),
        ("kb import", "oncall kb import FILE"),
    ],
)
async def test_what_is_not_understood_is_said(shelf: Shelf, text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await shelf.say(text)


async def test_what_is_not_there_is_said(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="no entry nowhere"):
        await shelf.say("kb show nowhere")


async def test_the_form_says_what_the_command_reads(shelf: Shelf) -> None:
    card = await kb(
        Asked(Ask("kb add", "web", "a", "A", Room("r")), Account("a", "a", "", "", Role.ADMIN), shelf.office)
    )
    [form] = [part for part in card.parts if isinstance(part, Form)]
    await shelf.say(form.said({"title": "It's full", "service": "host", "patterns": "No space\nquota 'x' exceeded"}))
    entry = await shelf.library.get("host/it-s-full")
    assert (entry.title, entry.error_patterns) == ("It's full", ("No space", "quota 'x' exceeded"))
    assert entry.tags == ()


@pytest.fixture
def oncall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///./kb.db")
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("COLUMNS", "160")
    return CliRunner()


def ran(oncall: CliRunner, *words: str, feed: str = "", code: int = 0) -> Result:
    done = oncall.invoke(app, words, input=feed)
    assert done.exit_code == code, done.output
    return done


def test_the_command_line_adds_finds_exports_and_imports(oncall: CliRunner, tmp_path: Path) -> None:
    ran(
        oncall,
        "add",
        "Consumer lag grows",
        "--service",
        "kafka",
        "--pattern",
        "lag.*100000",
        "--action",
        "restart_service",
    )
    assert "kafka/consumer-lag-grow" in ran(oncall, "list", "--service", "kafka").stdout
    assert "restart_service" in ran(oncall, "search", "consumer", "lag").stdout
    assert "lag.*100000" in ran(oncall, "show", "kafka/consumer-lag-grow").stdout
    ran(oncall, "export", "kb.json")
    before = (tmp_path / "kb.json").read_text()
    (tmp_path / "kb.db").unlink()
    assert "1 kept, 0 known already" in ran(oncall, "import", "kb.json").stdout
    assert ran(oncall, "export").stdout == before
    assert "0 kept, 1 known already" in ran(oncall, "import", "kb.json").stdout


def test_the_command_line_reads_a_stream_and_says_what_is_wrong(oncall: CliRunner) -> None:
    done = ran(oncall, "import", "-", feed=json.dumps({"training_data": [RECORD, {"service": "x"}]}))
    assert "1 kept" in done.stdout
    assert "Record 2 was left out" in done.stderr
    found = json.loads(ran(oncall, "search", "-", "--json", feed="the Kafka consumers lag behind").stdout)
    assert found["entries"][0]["id"] == "kafka/kafka-consumer-lag"
    assert "no entry nothing" in ran(oncall, "show", "nothing", code=1).stderr
    assert "cannot be read" in ran(oncall, "import", "missing.json", code=1).stderr
