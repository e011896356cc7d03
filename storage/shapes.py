"""The JSON in which incidents and events are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args

from pydantic import TypeAdapter

from engine.events import Event
from engine.model import Incident

LATELY = 256
"""Incidents that are not read again while they stay as they are: those at work are asked for many times."""

_INCIDENT = TypeAdapter(Incident)
_EVENTS: Mapping[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}


def incident_text(incident: Incident) -> str:
    return _INCIDENT.dump_json(incident).decode()


@lru_cache(maxsize=LATELY)
def incident_from(text: str) -> Incident:
    return _INCIDENT.validate_json(text)


def kind(event: Event) -> str:
    return type(event).__name__


def event_text(event: Event) -> str:
    return _EVENTS[kind(event)].dump_json(event).decode()


def event_from(kind: str, text: str) -> Event:
    event: Event = _EVENTS[kind].validate_json(text)
    return event
