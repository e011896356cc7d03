"""The house itself: sizes, names, first sentences, and one way to fake nothing."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.targets import CATALOGUES
from bot.commands import offered, usage
from engine.model import ActionSpec

ROOT = Path(__file__).parent.parent
PRODUCT = [
    file for folder in ("bot", "engine", "adapters", "storage") for file in sorted((ROOT / folder).rglob("*.py"))
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
UNSAID = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc", "tools"}


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", PRODUCT, ids=named)
def test_a_file_is_read_in_one_sitting(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.count("\n") <= LONGEST_FILE
    long = [
        f"{one.name}:{one.lineno}" for one in functions(file) if (one.end_lineno or 0) - one.lineno > LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("file", PRODUCT, ids=named)
def test_a_file_opens_with_a_sentence_and_has_a_name_that_says_something(file: Path) -> None:
    said = ast.get_docstring(ast.parse(file.read_text("utf-8")))
    assert said or "migrations" in file.parts
    assert file.stem.lower() not in UNSAID


@pytest.mark.parametrize("file", PRODUCT + TESTS, ids=named)
def test_nothing_is_mocked_and_nothing_is_left_for_later(file: Path) -> None:
    if file == Path(__file__):
        return
    text = file.read_text("utf-8")
    assert not re.search(r"unittest[.]mock|MagicMock|\bmocker\b", text)
    assert not re.search(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError", text)


@pytest.mark.parametrize("file", PRODUCT, ids=named)
def test_every_exception_to_a_rule_has_its_reason(file: Path) -> None:
    bare = [line for line in file.read_text("utf-8").splitlines() if re.search(r"#\s*(noqa|type: ignore)[^-#]*$", line)]
    assert bare == []


def test_the_time_is_only_taken_where_it_comes_in() -> None:
    """Everything else is handed a clock, so that time can be tested without waiting."""
    told = {named(file) for file in PRODUCT if re.search(r"datetime\.now\(|time\.time\(\)", file.read_text("utf-8"))}
    assert told <= {
        "adapters/targets/airflow/__init__.py",
        "adapters/targets/kubernetes/client.py",
        "adapters/targets/kubernetes/reading.py",
        "adapters/targets/local.py",
        "bot/analysis.py",
        "bot/clock.py",
        "bot/check/__init__.py",
        "bot/log.py",
        "bot/schedule.py",
    }


@pytest.mark.parametrize(
    ("target", "spec"),
    [(target, spec) for target, specs in CATALOGUES.items() for spec in specs.values()],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_every_action_says_all_that_an_approver_must_know(target: str, spec: ActionSpec) -> None:
    assert spec.effect
    assert spec.undo
    assert spec.repeat
    assert set(spec.object) <= {one.name for one in spec.parameters}
    assert spec.object
    assert spec.timeout.total_seconds() > 0
    assert f"`{spec.name}`" in (ROOT / "docs" / "targets.md").read_text("utf-8"), f"docs/targets.md forgets {target}"


def test_every_target_is_kept_apart_from_the_others() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    apart = [one["modules"] for one in contracts if one["name"] == "Targets do not know each other"]
    assert apart == [[f"adapters.targets.{name}" for name in CATALOGUES]]


def test_the_readme_lists_every_command_with_its_role() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    roles = {"read": "viewer", "respond": "responder", "decide": "approver"}
    for name, command in offered(in_example=False).items():
        assert f"| `{usage(name)}` | {roles[command.needs]} |" in readme
