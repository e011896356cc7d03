"""Services: which one holds what broke, what hangs on it, and what that means for waking, windows, risk and learning."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from engine.desk import Policy
from engine.escalate import due
from engine.events import Escalated, Opened, begin
from engine.model import Criticality, Dependent, Diagnosis, Impact, Incident, IncidentId, Risk, Severity, Signal
from engine.services import Service, Services, names_of, told
from engine.windows import DAYS, Window
from tests.clock import NOW

CATALOGUE = Services(
    (
        Service("checkout", Criticality.CRITICAL, ("orders",), holds=({"namespace": ("shop",)},)),
        Service(
            "orders",
            Criticality.HIGH,
            ("orders-db",),
            ("ada", "bob"),
            "staging",
            (Window(DAYS[:5], time(9), time(17), "UTC"),),
            ({"dag_id": ("orders_*", "billing")}, {"namespace": ("shop",), "pod_name": ("orders-*",)}),
        ),
        Service("orders-db", holds=({"database_host": ("*.db.example.com",), "database_name": ("orders",)},)),
        Service("reports", Criticality.LOW, ("orders-db", "orders"), holds=({"source": ("/var/log/reports/*",)},)),
        Service("all-dags", holds=({"dag_id": ("*",)},)),
    )
)


@pytest.mark.parametrize(
    ("names", "service"),
    [
        ({"dag_id": "orders_daily"}, "orders"),
        ({"dag_id": "billing"}, "orders"),
        ({"dag_id": "billing_daily"}, "all-dags"),
        ({"dag_id": "Billing"}, "all-dags"),  # names are exact, to the letter
        ({"namespace": "shop", "pod_name": "cart-1"}, "checkout"),
        ({"namespace": "shop", "pod_name": "orders-7f"}, "orders"),  # more names that fit beat fewer
        ({"namespace": "test", "pod_name": "orders-7f"}, ""),
        ({"database_host": "a.db.example.com", "database_name": "orders"}, "orders-db"),
        ({"database_host": "a.db.example.com"}, ""),  # all names of a rule must be known
        ({"database_host": "db.example.com", "database_name": "orders"}, ""),
        ({"source": "/var/log/reports/app.log"}, "reports"),
        ({"dag_id": ""}, ""),
        ({}, ""),
    ],
)
def test_the_rule_that_fits_most_exactly_says_whose_it_is(names: dict[str, str], service: str) -> None:
    found = CATALOGUE.holding(names)
    assert (found.name if found else "") == service


@pytest.mark.parametrize(("first", "second"), [("orders", "orders*"), ("orders_d*", "orders_*"), ("a*", "a*")])
def test_what_is_spelled_out_wins_and_of_equals_the_first(first: str, second: str) -> None:
    one, two = (Service(rule, holds=({"dag_id": (rule,)},)) for rule in (first, second))
    for order in ((one, two), (two, one)):
        found = Services(order).holding({"dag_id": first.strip("*")})
        assert found
        assert found.name == first


def test_what_depends_on_it_is_told_nearest_first_and_worst_first() -> None:
    impact = CATALOGUE.impact({"database_host": "a.db.example.com", "database_name": "orders"})
    assert impact == Impact(
        "orders-db",
        Criticality.MEDIUM,
        (
            Dependent("orders", Criticality.HIGH, 1),
            Dependent("reports", Criticality.LOW, 1),
            Dependent("checkout", Criticality.CRITICAL, 2),
        ),
    )
    assert impact.worst is Criticality.CRITICAL
    assert list(told(impact)) == [
        "It belongs to the service orders-db, which is of medium criticality.",
        "On orders-db depend: orders (high), reports (low), checkout (critical, 2 steps away).",
    ]


def test_a_cycle_ends() -> None:
    ring = Services((Service("a", depends_on=("b",), holds=({"dag_id": ("a",)},)), Service("b", depends_on=("a",))))
    impact = ring.impact({"dag_id": "a"})
    assert impact
    assert [one.name for one in impact.depends_on_it] == ["b"]


def test_without_a_catalogue_nothing_is_known() -> None:
    nothing = Services()
    assert nothing.holding({"dag_id": "orders_daily"}) is None
    assert nothing.impact({"dag_id": "orders_daily"}) is None


def signal(**names: str) -> Signal:
    return Signal(NOW, "airflow/task-timeout", "Timeout", "airflow", Severity.HIGH, "", names, "/logs/a.log#2", 0)


def waiting(**names: str) -> Incident:
    incident = begin(IncidentId("INC-1"), 1, Opened(NOW, signal(**names), "f", "production"))
    return replace(incident, diagnosed_at=NOW, to_investigate=False)


def test_an_action_is_judged_by_what_it_touches() -> None:
    """A changed parameter must not slip past the window of the service that it names."""
    names = names_of(signal(dag_id="other", task_id="t"), {"dag_id": "other"}, {"dag_id": "billing", "pool": ""})
    assert names == {"source": "/logs/a.log", "dag_id": "billing"}


def test_owners_are_woken_before_everybody_else_and_nobody_twice() -> None:
    policy = Policy(on_call=("bob", "cleo"), services=CATALOGUE, escalate_after=timedelta(minutes=15))
    incident = waiting(dag_id="orders_daily")
    woken = []
    for turn in range(5):
        event = due(incident, NOW + timedelta(minutes=15 * (turn + 1)), policy)
        if isinstance(event, Escalated):
            woken.append(event.to)
            incident = replace(incident, woken=(*incident.woken, event.to))
    assert woken == ["ada", "bob", "cleo"]
    event = due(waiting(dag_id="something"), NOW + timedelta(minutes=15), policy)
    assert isinstance(event, Escalated)
    assert event.to == "bob"


def test_nobody_is_left_out_or_woken_twice_when_those_responsible_change_meanwhile() -> None:
    policy = Policy(on_call=("bob", "cleo"), services=CATALOGUE, escalate_after=timedelta(minutes=15))
    incident = replace(waiting(dag_id="something"), woken=("bob",))
    found = Diagnosis("", "", "", 0.5, impact=Impact("orders", Criticality.LOW))
    woken = []
    for turn in range(1, 5):
        event = due(replace(incident, diagnosis=found), NOW + timedelta(minutes=15 * (turn + 1)), policy)
        if isinstance(event, Escalated):
            woken.append(event.to)
            incident = replace(incident, woken=(*incident.woken, event.to))
    assert woken == ["ada", "cleo"], "a look has named the service that ada owns"
    left = replace(policy, on_call=("cleo",))
    event = due(replace(waiting(dag_id="something"), woken=("bob",)), NOW + timedelta(minutes=30), left)
    assert isinstance(event, Escalated)
    assert event.to == "cleo"


def test_owners_of_what_a_look_has_named_are_woken_too() -> None:
    policy = Policy(services=CATALOGUE)
    found = Diagnosis("", "", "", 0.5, impact=Impact("orders", Criticality.LOW, owners=("left long ago",)))
    assert policy.to_wake(replace(waiting(pod_name="p"), diagnosis=found)) == ("ada", "bob")
    gone = replace(found, impact=Impact("not there any more", Criticality.LOW))
    assert policy.to_wake(replace(waiting(dag_id="billing"), diagnosis=gone)) == ("ada", "bob")


def test_the_environment_of_the_service_is_that_of_the_incident() -> None:
    policy = Policy(
        environment="production",
        services=CATALOGUE,
        risks={"restart_dag_task@staging": Risk.HIGH, "restart_dag_task": Risk.MEDIUM},
    )
    assert policy.opened_in(signal(dag_id="orders_daily")) == "staging"
    assert policy.opened_in(signal(dag_id="unknown")) == "production"
    assert policy.risk("restart_dag_task", Risk.LOW, policy.environment_of({"dag_id": "billing"})) is Risk.HIGH
    assert policy.risk("restart_dag_task", Risk.LOW) is Risk.MEDIUM
