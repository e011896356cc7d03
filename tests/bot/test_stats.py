"""What people are shown of what was learned: a card, a table, JSON and pictures."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from PIL import Image
from rich.console import Console

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Text
from adapters.chat.card import Image as CardImage
from bot import stats
from bot.commands.stats import stats as command
from bot.office import Asked, Office
from bot.pictures import HEIGHT, WIDTH, Chart, Line, png
from engine import decide
from engine.knowledge_base import SHIPPED, KnowledgeEntry, Library
from engine.learn.score import scores
from engine.model import Judgement
from storage.knowledge_entries import MemoryKnowledgeEntries
from storage.memory import MemoryPeople
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk, proposed, settle
from tests.engine.test_learn import FIX, OTHER, history, lesson


def test_before_the_first_outcome_nothing_is_claimed() -> None:
    assert stats.card([]).parts == (Text(stats.NOTHING),)
    assert stats.alt(scores([])) == stats.NOTHING
    assert scores([]).error is None
    assert stats.picture([])[:4] == b"\x89PNG"


def test_each_action_is_counted_and_what_earned_no_credit_is_said() -> None:
    other = [lesson(Judgement.RECOVERED), lesson(Judgement.UNKNOWN, rejected=True), lesson(action=OTHER, recurred=True)]
    card = stats.card([*other, *history("+++-")])
    assert card.title == "3 of 5 actions worked"
    sentence, *rows, credit = card.parts
    assert rows == [Text(f"{FIX} · a/b: worked 3 of 4 times, in 1 min"), Text(f"{OTHER} · a/b: worked 0 of 1 time")]
    assert isinstance(sentence, Text)
    assert sentence.text.startswith("I said 75% on average, and 60% worked.")
    assert isinstance(credit, Text)
    assert "1 recovered by themselves, 1 came back within the watch, 1 were rejected" in credit.text


def test_calibration_is_measured_bin_by_bin() -> None:
    sure = [*history("+" * 9 + "-", confidence=0.9), *history("-" * 9 + "+", confidence=0.5)]
    told = scores(sure)
    assert sum(one.count for one in told.bins) == told.tried == 20
    assert [(round(one.said, 2), one.was) for one in told.bins] == [(0.5, 0.1), (0.9, 0.9)]
    assert told.error == pytest.approx(0.2)
    assert told.brier == pytest.approx((9 * 0.1**2 + 0.9**2 + 10 * 0.5**2) / 20)


def test_the_table_and_the_json_say_the_same() -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(stats.table(history("++-")))
    said = console.file.getvalue()  # type: ignore[attr-defined] # it is the StringIO above
    assert FIX in said
    assert "67%" in said
    answer = json.loads(json.dumps(stats.as_json(history("++-"))))
    assert (answer["worked"], answer["tried"], answer["rows"][0]["seconds"]) == (2, 3, 60.0)


def test_the_picture_shows_what_was_learned() -> None:
    picture = Image.open(io.BytesIO(stats.picture(history("+-" * 30))))
    assert picture.size == (2 * WIDTH, 2 * HEIGHT)
    assert len(picture.getcolors(100_000) or ()) > 5
    assert stats.picture(history("+" * 60)) != stats.picture(history("-" * 60))


def test_a_line_is_drawn_where_its_points_are() -> None:
    def paper(y: float) -> Image.Image:
        line = Line("level", ((0.0, y), (1.0, y)))
        return Image.open(io.BytesIO(png([Chart("", "", "", (line,))]))).convert("RGB")

    def height(y: float) -> int:
        image = paper(y)
        column = [image.getpixel((WIDTH // 2, row)) for row in range(HEIGHT - 60)]
        return column.index((9, 105, 218))

    assert height(0.9) < height(0.5) < height(0.1)


async def test_the_card_shows_the_curves_and_what_waits_to_be_accepted() -> None:
    office = desk(Machine())
    incident = await proposed(Machine(), office)
    await decide.approve(office, incident.number, "bob")
    await settle(office, incident)
    office = replace(office, library=Library(MemoryKnowledgeEntries(FakeClock())))
    assert office.library
    row = KnowledgeEntry("learned/1", "A, then B", created_by=SHIPPED, tags=("learned", "a/b", "x"), proposed=True)
    await office.library.keep([row, replace(row, id="learned/2", title="C", tags=(*row.tags, "dismissed"))])
    ask = Ask("stats", "web", "ada", "Ada", Room("incidents"))
    card = await command(Asked(ask, None, Office(office, MemoryPeople(), tuple)))
    assert [part.ask for part in card.parts if isinstance(part, Button)] == ["kb show learned/1"]
    assert isinstance(card.parts[-1], CardImage)
    assert card.parts[-1].png == stats.picture(await stats.known(office))
    assert "1 of 1" in card.parts[-1].alt


async def test_before_the_first_outcome_there_is_no_picture() -> None:
    assert await stats.image([]) == ()
