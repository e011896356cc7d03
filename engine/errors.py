"""
Everything that can go wrong on purpose.

* OnCallError          its message is fit to show to a person
  - NotFound           no such incident, person or room
  - Stale              somebody else got there first
  - Refused            the state of things or a policy says no
    + Forbidden        this person may not do that
    + Invalid          a value is not what it must be; ``fields`` says which and why
  - Unreachable        an outside system failed; ``temporary`` says whether trying again can help
  - Misconfigured      a setting is missing or wrong; the message says which one and how to mend it
"""

from __future__ import annotations

from collections.abc import Mapping


class OnCallError(Exception):
    """Something went wrong."""

    temporary = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class NotFound(OnCallError):
    """There is no such incident."""


class Stale(OnCallError):
    """Somebody else has just decided. Look at the incident again."""

    temporary = True


class Refused(OnCallError):
    """That cannot be done now."""


class Forbidden(Refused):
    """You may not do that."""


class Invalid(Refused):
    """A value is not what it must be."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {why}" for name, why in fields.items()))
        self.fields = fields


class Unreachable(OnCallError):
    """An outside system did not answer."""

    def __init__(self, message: str | None = None, *, temporary: bool = True) -> None:
        super().__init__(message)
        self.temporary = temporary


class Misconfigured(OnCallError):
    """A setting is missing or wrong."""
