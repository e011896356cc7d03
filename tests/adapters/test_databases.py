"""Which database server is meant, and what may be done there."""

from __future__ import annotations

import pytest

from adapters.targets.place import Fence, Place, pick, place
from adapters.targets.wanted import Increase, Where, parsed
from engine.errors import Misconfigured, NotFound, Refused

ORDERS, BILLING, SECOND = (
    Place("orders.example.com", 5432),
    Place("db.example.com", 5432),
    Place("db.example.com", 5433),
)


@pytest.mark.parametrize(
    ("host", "port", "wanted"),
    [
        ("orders.example.com", "", ORDERS),
        ("ORDERS.example.com", "5432", ORDERS),
        ("db.example.com", "5433", SECOND),
        ("db.example.com", "", None),
        ("db.example.com", "5434", None),
        ("example.com", "", None),
        ("", "5433", None),
        ("", "", None),
    ],
)
def test_of_several_servers_only_the_one_that_is_named(host: str, port: str, wanted: Place | None) -> None:
    servers = {one: one for one in (ORDERS, BILLING, SECOND)}
    where = parsed(Where, {"database_host": host, "database_port": port})
    if wanted:
        assert pick(servers, where, "URLS") is wanted
    else:
        with pytest.raises(NotFound, match="URLS"):
            pick(servers, where, "URLS")


def test_a_lone_server_serves_an_incident_that_names_none() -> None:
    servers = {ORDERS: ORDERS}
    assert pick(servers, Where(), "URLS") is ORDERS
    for other in (Where(database_host="db.example.com"), Where(database_port=5433)):
        with pytest.raises(NotFound):
            pick(servers, other, "URLS")


@pytest.mark.parametrize(
    ("pattern", "database", "holds"),
    [
        ("orders.example.com:5432/shop", "shop", True),
        ("orders.example.com:5432/shop", "shopping", False),
        ("orders.example.com:5432/shop", "*", False),
        ("orders.example.com:5432/shop_*", "shop_eu", True),
        ("orders.example.com:5432/*", "*", True),
        ("*", "*", True),
        ("*:5432/shop", "shop", True),
        ("orders?example.com:5432/[s]hop", "shop", False),
        ("db.example.com:5432/*", "shop", False),
        ("", "shop", False),
    ],
)
def test_a_fence_is_no_wider_than_it_says(pattern: str, database: str, *, holds: bool) -> None:
    assert Fence("MAY", (pattern,)).holds(ORDERS, database) is holds
    assert not Fence("MAY").holds(ORDERS, database)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "postgresql://u:pass-word@a,b:5432/c", "postgresql://u:pass-word@h:x/c"]
)
def test_an_address_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured, match="SOME_URLS") as error:
        place(url, "SOME_URLS", 5432)
    assert "pass-word" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [({}, 30), ({"to": "40"}, 40), ({"from": "20", "to": "80"}, 80)]
    + [(one, None) for one in ({"to": "20"}, {"to": "81"}, {"from": "19"}, {"from": "19", "to": "40"})],
)
def test_an_increase_is_one_and_in_proportion(given: dict[str, str], wanted: int | None) -> None:
    increase = parsed(Increase, given)
    if wanted:
        assert increase.wanted(20, otherwise=30) == wanted
    else:
        with pytest.raises(Refused):
            increase.wanted(20, otherwise=30)
