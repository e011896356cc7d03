"""Whose names stand in a text that tells of many things: those of what failed, not those of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

WHOLE = (
    *("dag_id", "task_id", "dag_run_id", "application_id", "spark_task_id", "unit"),
    *("namespace", "pod_name", "container_name", "deployment", "node_name"),
)
"""Names of whole things: where two lines differ in one of them, they tell of two things."""


def untold(names: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """Those names of whole things that what failed does not tell itself."""
    return {name: names[name] for name in WHOLE if name in names and name not in told}


def of_one(
    names: Mapping[str, str],
    told: Mapping[str, str],
    beside: Iterable[Mapping[str, str]],
    elsewhere: Callable[[str], Mapping[str, str]],
) -> dict[str, str]:
    """Of the ``names`` in a text those of the thing that has just ``told`` some of its own.

    ``beside``: names in other lines that tell of failures, each of this thing or of another. ``elsewhere``: names in
    the lines that do not hold a value: what calm lines name several of, such as units, is not the thing's own.
    """
    strange: set[tuple[str, str]] = set()
    for other in beside:
        if any(name in told and name in other and not _same(told[name], other[name]) for name in WHOLE):
            strange.update(other.items())
        else:
            told = {**other, **told}
    left_out = {
        name for name, value in untold(names, told).items() if (name, value) in strange or name in elsewhere(value)
    }
    return {**{name: value for name, value in names.items() if name not in left_out}, **told}


def without(value: str, text: str) -> str:
    """The lines that do not hold this value."""
    return "\n".join(line for line in text.split("\n") if value not in line)


def _same(one: str, other: str) -> bool:
    """A machine has a short name and a full one."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
