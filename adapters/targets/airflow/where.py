"""A DAG, a run or a task by the names that Airflow allows, and its path. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from engine.errors import Refused


def _no_path(name: str) -> str:
    """A dot segment or ``~`` (Airflow's word for 'all') would reach more than the one thing that was named."""
    if not name.strip(".~"):
        raise ValueError("not a name")
    return name


# Airflow's own rules (airflow.utils.helpers.validate_key, [scheduler] allowed_run_id_pattern). No slash can pass:
# Airflow's web server decodes %2F before it looks for the endpoint, so encoding alone would not be enough.
Name = Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=250), AfterValidator(_no_path)]
RunId = Annotated[str, StringConstraints(pattern=r"^[\w.~:+@=,-]+$", max_length=250), AfterValidator(_no_path)]
MapIndex = Annotated[int, BeforeValidator(lambda given: -1 if given == "" else given), Field(ge=-1, le=1_000_000)]


class Where(BaseModel):
    """The place in Airflow that identifiers or parameters name; other identifiers are none of our business.

    Its paths begin behind the version of the API; that of a task names no part of it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    dag_id: Name
    dag_run_id: RunId | None = None
    task_id: Name | None = None
    map_index: MapIndex = -1

    @property
    def dag(self) -> str:
        return f"/dags/{quote(self.dag_id, safe='')}"

    @property
    def run(self) -> str:
        return f"{self.dag}/dagRuns/{quote(self.dag_run_id or '', safe='')}"

    @property
    def task(self) -> str:
        return f"{self.run}/taskInstances/{quote(self.task_id or '', safe='')}"


def pool(name: str | None) -> str:
    """The path of a pool; empty if its name is none that may stand in a path."""
    fits = name and len(name) <= 250 and re.fullmatch(r"[\w .-]+", name) and name.strip(". ")
    return f"/pools/{quote(name, safe='')}" if name and fits else ""


def where(names: Mapping[str, str]) -> Where:
    """Raises Refused if a name is none that Airflow allows; it may come from a hostile log line."""
    try:
        return Where.model_validate({name: value for name, value in names.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name, value = ".".join(str(part) for part in first["loc"]), repr(first["input"])[:80]
        said = "is not given" if first["type"] == "missing" else f"is {value}, which Airflow does not allow"
        raise Refused(f"{name} {said}.") from None
