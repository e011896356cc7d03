"""Which incident is told where, and what is no route."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.routes import choose, route
from engine.events import begin
from engine.model import Severity
from tests.contracts.story import new_id, opened

INCIDENT = replace(begin(new_id(), 7, opened()), identifiers={"namespace": "payments-eu", "dag_id": "orders"})


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("service=airflow -> data", True),
        ("service=spark -> data", False),
        ("severity>=high -> data", True),
        ("severity>=critical -> data", False),
        ("severity=high service=airflow -> data", True),
        ("severity=high service=spark -> data", False),
        ("namespace=payments-* -> data", True),
        ("namespace=payments -> data", False),
        ("environment=production dag_id=orders -> data", True),
        ("pod_name=* -> data", True),
        ("pod_name=?* -> data", False),
        ("pattern=airflow.* -> #data", True),
    ],
)
def test_a_route_fits_where_all_its_conditions_hold(text: str, fits: bool) -> None:
    assert route(text).fits(INCIDENT) is fits


def test_the_first_route_that_fits_counts() -> None:
    routes = [route("service=spark -> spark"), route("severity>=medium -> loud"), route("service=airflow -> data")]
    assert choose(routes, INCIDENT, "incidents") == "loud"
    quiet = replace(INCIDENT, severity=Severity.LOW)
    assert choose(routes, quiet, "incidents") == "data"
    assert choose(routes[:1], quiet, "incidents") == "incidents"


def test_a_route_reads_as_it_was_written() -> None:
    text = "service=airflow severity>=high -> data-oncall"
    assert str(route(text)) == text
    assert route(route(text)) == route(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no route"),
        ("service=airflow", "is no route"),
        ("-> data", "is no route"),
        ("service=airflow ->", "is no route"),
        ("airflow -> data", "is no route"),
        ("service=airflow -> two rooms", "is no route"),
        ("severity=awful -> data", "names no severity"),
        ("severity>=awful -> data", "names no severity"),
        ("service>=airflow -> data", "only = can compare"),
    ],
)
def test_what_is_no_route_says_so(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        route(text)
