"""Whose names stand in a text that tells of many things: those of what failed, not those of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

WHOLE = (
    *("dag_id", "task_id", "dag_run_id", "application_id", "spark_task_id", "unit"),
    *("namespace", "pod_name", "container_name", "deployment", "node_name"),
)
"""Names of whole things: where two lines differ in one of them, they tell of two things."""


def untold(names: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """Those names of whole things that what failed does not tell itself."""
    return {name: names[name] for name in WHOLE if name in names and name not in told}


def joined(told: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """The names of what failed, and those of another line that tells of a failure, unless it is another thing's."""
    differ = any(name in told and name in other and not _same(told[name], other[name]) for name in WHOLE)
    return dict(told) if differ else {**other, **told}


def undisputed(
    names: Mapping[str, str], told: Mapping[str, str], text: str, read: Callable[[str], Mapping[str, str]]
) -> dict[str, str]:
    """The names of a whole text, but for those that its failing lines do not tell and its others tell of several."""
    doubtful = untold(names, told)
    if not doubtful:
        return dict(names)
    values = tuple(doubtful.values())
    others = read("\n".join(line for line in text.split("\n") if not any(value in line for value in values)))
    return {name: value for name, value in names.items() if name not in doubtful or name not in others}


def _same(one: str, other: str) -> bool:
    """A machine has a short name and a full one."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
