"""The file .env.example tells every setting, truly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import FIELDS, load
from bot.values import written
from tests.bot.some_settings import ROOT, from_file

BLOCK = re.compile(r"((?:^# .*\n)+?)^(?:# )?([A-Z_]+)=(.*)$", re.MULTILINE)


def example() -> dict[str, tuple[str, str]]:
    """Comment and value of each variable in ``.env.example``."""
    text = (ROOT / ".env.example").read_text("utf-8")
    found = {}
    for comment, name, value in BLOCK.findall(text.partition("# ----")[2]):
        lines = [line.removeprefix("# ") for line in comment.splitlines() if not line.startswith("# Example: ")]
        found[name] = (" ".join(lines), value)
    return found


def test_the_example_holds_every_variable_in_order_with_its_default() -> None:
    assert {name: value for name, (_, value) in example().items()} == {
        name: written(field.default) for name, field in FIELDS.items()
    }
    assert list(example()) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_explains_every_variable_in_the_same_words(name: str) -> None:
    assert example()[name][0] == FIELDS[name].description


@pytest.mark.parametrize("name", FIELDS)
def test_every_description_says_something(name: str) -> None:
    description = FIELDS[name].description or ""
    assert description.endswith(".")
    assert len(description) > 30
    if isinstance(FIELDS[name].default, int | float) and not isinstance(FIELDS[name].default, bool):
        assert re.search(r"minutes?|seconds|\(0 to 1\)|port|How many", description), "a number has a unit"


def test_the_example_as_it_is_gives_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assert from_file(tmp_path, text).model_dump() == load({}).model_dump()


def test_the_example_with_every_comment_taken_off_gives_the_defaults_too(tmp_path: Path) -> None:
    lines = (line.removeprefix("# ") for line in (ROOT / ".env.example").read_text("utf-8").splitlines())
    settings = from_file(tmp_path, "\n".join(line for line in lines if re.match(r"[A-Z_]+=", line)))
    assert settings.model_dump(exclude={"elasticsearch_url"}) == load({}).model_dump(exclude={"elasticsearch_url"})
    assert settings.remarks == ()


def test_every_example_is_a_right_value() -> None:
    examples = {name: str(field.examples[0]) for name, field in FIELDS.items() if field.examples}
    usable = {name: text for name, text in examples.items() if "<" not in text}
    assert load(usable).model_fields_set == {name.lower() for name in usable}


def test_lines_of_the_example_fit_a_screen() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 120
