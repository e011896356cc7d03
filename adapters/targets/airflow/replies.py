"""What came back from Airflow, and whether a request that failed ever left this machine. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from engine.errors import Unreachable


class NotSent(Unreachable):
    """Airflow could not be asked, so nothing was sent."""


class Lost(Unreachable):
    """The request was sent, and what became of it is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``body`` is None where it was not JSON; ``words`` is what it says, fit to show."""

    status: int
    body: Any
    words: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def token_refused(self) -> bool:
        """An expired token is 401, a wrong one 403 with these words; any other 403 is a right that is missing."""
        return self.status == HTTPStatus.UNAUTHORIZED or (
            self.status == HTTPStatus.FORBIDDEN and "Invalid JWT token" in self.words
        )


def detail(body: object) -> str:
    """Airflow's own sentence: a text, for a conflict an object, for a malformed request a list; Airflow 2 has a title
    where it has nothing more to say."""
    said = body.get("detail") if isinstance(body, dict) else None
    match said:
        case str():
            return said
        case {"reason": str(reason)}:
            return reason
        case None if isinstance(body, dict) and isinstance(body.get("title"), str):
            return str(body["title"])
        case [{"msg": str(message), "loc": list(place)}, *_]:
            return f"{'.'.join(str(part) for part in place)}: {message}"
        case _:
            return ""
