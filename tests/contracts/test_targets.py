"""What every target promises, whatever it is; a line in the table of targets enrols it here."""

from __future__ import annotations

import json
import string
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.targets import CATALOGUES
from adapters.targets.dry_run import DryRun
from adapters.targets.http_health import HttpHealth, HttpHealthSettings
from adapters.targets.local import Local
from adapters.targets.mysql import MySQL, MySQLSettings
from adapters.targets.pgbouncer import PgBouncer, PgBouncerSettings
from adapters.targets.postgresql import PostgreSQL, PostgreSQLSettings
from adapters.targets.services import Services, ServicesSettings
from adapters.targets.spark import Spark, SparkSettings
from engine.errors import Unreachable
from engine.model import (
    Action,
    ActionSpec,
    Evidence,
    Judgement,
    Outcome,
    Parameter,
    Result,
    Risk,
    Verdict,
)
from engine.ports import Target
from tests.adapters.recorded_airflow import connected, recorded_airflow
from tests.adapters.recorded_kubernetes import connected as in_kubernetes
from tests.adapters.recorded_kubernetes import recorded_kubernetes
from tests.servers import free_port

EVERY_ACTION = [(target, spec) for target, catalogue in CATALOGUES.items() for spec in catalogue.values()]
NAMES = [f"{target}.{spec.name}" for target, spec in EVERY_ACTION]

HOSTILE = (
    "../../x",
    "..",
    "~",
    "a/b",
    "a%2Fb",
    "a\r\nHost: evil",
    "'; DROP TABLE dag; --",
    "$(reboot)",
    "\x1b[2J",
    "\u202egol",
    "x" * 10_000,
    "{0.__class__}",
    "",
)


SPECIAL = {
    "memory": "8g",
    "memory_limit": "768M",
    "url": "https://health.example.com/live",
}
"""Good values where neither a name nor a number is one."""


def good(parameter: Parameter) -> str:
    """A value that is allowed and can be told from every other parameter's."""
    number = str(sum(parameter.name.encode()) % 97 + 3)
    if parameter.name in SPECIAL:
        return SPECIAL[parameter.name]
    return number if parameter.kind == "integer" else f"/srv/{number}" if "path" in parameter.name else f"name-{number}"


def filled(spec: ActionSpec) -> dict[str, str]:
    return {parameter.name: good(parameter) for parameter in spec.parameters}


def action(target: str, spec: ActionSpec, parameters: Mapping[str, str]) -> Action:
    request = spec.request(parameters)
    return Action("a1", target, spec.name, parameters, spec.risk, spec.effect, spec.undo, request, {"digest": "x"})


DATABASES: Mapping[str, Callable[[str], Target]] = {
    "mysql": lambda url: MySQL(MySQLSettings((url,), ("*",), 1, ())),
    "pgbouncer": lambda url: PgBouncer(PgBouncerSettings((url,), ("*",), 1)),
    "postgresql": lambda url: PostgreSQL(PostgreSQLSettings((url,), ("*",), 1)),
}


@asynccontextmanager
async def real(name: str, tmp_path: Path) -> AsyncIterator[Target]:
    """The target itself. A new line in the table needs a way to make one here."""
    match name:
        case "airflow":
            async with recorded_airflow() as server, connected(server.url) as target:
                server.say("GET /api/v2/dags/name-67", "dag_unknown")
                yield target
        case "kubernetes":
            async with recorded_kubernetes() as cluster, in_kubernetes(cluster.url, tmp_path) as target:
                yield target
        case "local":
            yield Local([tmp_path])
        case "http_health":
            yield HttpHealth(HttpHealthSettings(("*.example.com",)))
        case "services":
            yield Services(ServicesSettings(bus=str(tmp_path / "no-bus"), allowed=("*-*",)))
        case "mysql" | "pgbouncer" | "postgresql":
            yield DATABASES[name](f"{name}://a:b@127.0.0.1:{free_port()}/c")
        case "spark":
            nowhere = f"http://127.0.0.1:{free_port()}"
            yield Spark(SparkSettings(nowhere, nowhere, applications=("*",)))
        case _:
            pytest.fail(f"say here how a {name} is made for a test")


@pytest.fixture(params=[*CATALOGUES, *(f"{name} (dry run)" for name in CATALOGUES)])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Target]:
    name, dry, _ = request.param.partition(" (dry run)")
    if dry:
        yield DryRun(name, CATALOGUES[name])
        return
    async with real(name, tmp_path) as target:
        yield target


@pytest.mark.parametrize(("target", "spec"), EVERY_ACTION, ids=NAMES)
class TestCatalogue:
    def test_an_action_says_what_a_person_must_know(self, target: str, spec: ActionSpec) -> None:
        assert CATALOGUES[target][spec.name] is spec
        assert isinstance(spec.risk, Risk)
        assert spec.effect
        assert spec.undo
        assert timedelta(0) < spec.verify_within <= timedelta(hours=2)
        assert not spec.effect.endswith(".")

    def test_its_sentences_hold_its_parameters_and_no_others(self, target: str, spec: ActionSpec) -> None:
        named = {name for _, name, _, _ in string.Formatter().parse(spec.effect + spec.undo) if name}
        assert named <= {parameter.name for parameter in spec.parameters}
        required = {parameter.name for parameter in spec.parameters if parameter.required}
        assert required <= named
        for value in (good(one) for one in spec.parameters if one.required):
            assert value in (spec.effect + spec.undo).format_map(filled(spec))

    def test_its_request_is_pure_and_holds_every_parameter(self, target: str, spec: ActionSpec) -> None:
        parameters = filled(spec)
        request = spec.request(parameters)
        assert request == spec.request(dict(reversed(parameters.items())))
        for value in parameters.values():
            assert value in request, f"{value} is missing in {request}"

    def test_its_defaults_are_allowed(self, target: str, spec: ActionSpec) -> None:
        required = {parameter.name: good(parameter) for parameter in spec.parameters if parameter.required}
        defaults = {parameter.name: parameter.default for parameter in spec.parameters if not parameter.required}
        assert spec.request(required) == spec.request({**required, **defaults})
        assert "No request" not in spec.request(required)

    def test_a_parameter_that_is_not_given_is_refused(self, target: str, spec: ActionSpec) -> None:
        for parameter in spec.parameters:
            if parameter.required:
                given = {name: value for name, value in filled(spec).items() if name != parameter.name}
                assert parameter.name in spec.request(given)
                assert spec.request(given).startswith("No request can be made of this")

    @pytest.mark.parametrize("value", HOSTILE)
    def test_a_hostile_value_stays_on_its_line(self, target: str, spec: ActionSpec, value: str) -> None:
        """Refused, or quoted so that the request is what it would be with any other value."""
        harmless = spec.request(filled(spec)).count("\n")
        for parameter in spec.parameters:
            request = spec.request({**filled(spec), parameter.name: value})
            refused = request.startswith("No request can be made of this")
            assert request.count("\n") == (0 if refused else harmless)
            assert len(request) < 12_000
            assert "\x1b" not in request


class TestTarget:
    async def test_it_has_a_name_and_the_tables_catalogue(self, target: Target) -> None:
        assert _unfenced(target.catalogue()) == _unfenced(CATALOGUES[target.name])

    async def test_an_unknown_action_has_failed(self, target: Target) -> None:
        spec = next(iter(target.catalogue().values()))
        unknown = Action("a1", target.name, "no_such_action", filled(spec), Risk.LOW, "", "", "")
        outcome = await target.act(unknown)
        assert outcome.result is Result.FAILED
        assert "no_such_action" in outcome.detail

    @pytest.mark.parametrize("value", [*HOSTILE, "name-67"])
    async def test_looking_raises_nothing_but_unreachable(self, target: Target, value: str) -> None:
        names = {parameter.name for spec in target.catalogue().values() for parameter in spec.parameters} | {"path"}
        for some in (names, sorted(names)[:1], sorted(names)[:2], ()):
            try:
                evidence = await target.look(dict.fromkeys(some, value))
            except Unreachable as error:
                _fit_to_show(str(error))
            else:
                assert isinstance(evidence, Evidence)
                assert evidence.target == target.name
                _fit_to_show(evidence.summary)

    @pytest.mark.parametrize("value", HOSTILE)
    async def test_acting_on_hostile_values_does_nothing(self, target: Target, value: str) -> None:
        for spec in target.catalogue().values():
            for parameter in spec.parameters:
                if not value and not parameter.required:
                    continue
                outcome = await target.act(action(target.name, spec, {**filled(spec), parameter.name: value}))
                assert isinstance(outcome, Outcome)
                assert outcome.result is (Result.DRY_RUN if target.dry_run else Result.FAILED)
                _fit_to_show(outcome.detail)

    @pytest.mark.parametrize("value", HOSTILE)
    async def test_verifying_never_praises_what_cannot_be_known(self, target: Target, value: str) -> None:
        for spec in target.catalogue().values():
            wanted = action(target.name, spec, dict.fromkeys(filled(spec), value))
            verdict = await target.verify(wanted)
            assert isinstance(verdict, Verdict)
            assert verdict.judgement is Judgement.UNKNOWN
            _fit_to_show(verdict.detail)


@pytest.mark.parametrize("name", CATALOGUES)
async def test_a_dry_run_says_what_it_would_have_sent(name: str) -> None:
    target = DryRun(name, CATALOGUES[name])
    for spec in target.catalogue().values():
        wanted = action(name, spec, filled(spec))
        assert await target.act(wanted) == Outcome(Result.DRY_RUN, f"Would have sent:\n{wanted.request}")
        evidence = await target.look(filled(spec))
        assert (evidence.state, evidence.healthy) == ({}, None)
        assert "not connected" in evidence.summary


async def test_a_target_that_is_not_there_is_unreachable_and_nothing_was_sent() -> None:
    async with connected(f"http://127.0.0.1:{free_port()}") as airflow:
        for spec in airflow.catalogue().values():
            with pytest.raises(Unreachable):
                await airflow.look(filled(spec))
            with pytest.raises(Unreachable):
                await airflow.verify(action("airflow", spec, filled(spec)))
            assert (await airflow.act(action("airflow", spec, filled(spec)))).result is Result.FAILED


def _unfenced(catalogue: Mapping[str, ActionSpec]) -> Mapping[str, ActionSpec]:
    """A connected target knows more than the table: what its settings let it act on, and how its server is spoken to."""
    return {name: replace(spec, wrong=dict, request=str) for name, spec in catalogue.items()}


def _fit_to_show(text: str) -> None:
    """A hostile value is repeated in part at most, and where it is, its terminal codes are not."""
    assert text
    assert len(text) < 12_000
    assert "\x1b" not in text
    assert json.dumps(text)
