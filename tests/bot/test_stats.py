"""What people are shown of what was learned: a card, a table, JSON and pictures."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from rich.console import Console

from adapters.chat.card import Facts, Text
from bot import stats
from bot.pictures import HEIGHT, WIDTH, Chart, Line, png
from engine import decide
from engine.learn.score import scores
from engine.model import Judgement
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
    sentence, facts, credit = card.parts
    assert isinstance(facts, Facts)
    assert facts.pairs == (
        (f"{FIX} · a/b", "worked 3 of 4 times, in 1 min"),
        (f"{OTHER} · a/b", "worked 0 of 1 time"),
    )
    assert isinstance(sentence, Text)
    assert sentence.text.startswith("I said 75% on average, and 60% worked.")
    assert isinstance(credit, Text)
    assert "1 recovered by themselves, 1 came back within the watch, 1 were rejected" in credit.text


def test_calibration_is_measured_bin_by_bin() -> None:
    sure = [*history("+" * 9 + "-", confidence=0.9), *history("-" * 9 + "+", confidence=0.5)]
    told = scores(sure)
    assert sum(one.count for one in told.bins) == told.tried == 20
    assert told.error is not None
    assert 0.2 <= told.error < 0.35
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
        column = [image.getpixel((WIDTH // 2, row)) for row in range(HEIGHT - 30)]
        return column.index((9, 105, 218))

    assert height(0.9) < height(0.5) < height(0.1)


async def test_new_sequences_of_a_known_failure_are_told() -> None:
    office = desk(Machine())
    incident = await proposed(Machine(), office)
    await decide.approve(office, incident.number, "bob")
    await settle(office, incident)
    assert len(await stats.known(office)) == 1
    often = history("+++", action=OTHER, pattern="airflow/task-timeout")
    (found,) = stats.new_sequences(office, often)
    assert found.actions == (OTHER,)
    assert any("It could be taken" in part.text for part in stats.card(often, [found]).parts if isinstance(part, Text))
    assert stats.new_sequences(office, history("+++", pattern="airflow/task-timeout")) == []
