"""Every shape in which an event was ever stored can still be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from engine.events import Event
from engine.model import Incident
from storage.shapes import event_from, event_text, incident_from, incident_text, kind
from tests.contracts.story import opened, whole_story

FOLDER = Path(__file__).parents[1] / "recorded"
RECORDED = json.loads((FOLDER / "events.json").read_text())
"""Bodies by kind, oldest first. Changing an event adds a body here; one that is here never changes."""


def test_every_kind_is_recorded() -> None:
    assert set(RECORDED) == {kind.__name__ for kind in get_args(Event)}


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, bodies in RECORDED.items() for body in bodies])
def test_a_recorded_event_can_be_read(name: str, body: object) -> None:
    event = event_from(name, json.dumps(body))
    assert kind(event) == name
    assert event_from(name, event_text(event)) == event


@pytest.mark.parametrize("event", [opened(), *whole_story()], ids=kind)
def test_the_shape_of_today_is_recorded(event: Event) -> None:
    newest = RECORDED[kind(event)][-1]
    assert _names(json.loads(event_text(event))) == _names(newest)


@pytest.mark.parametrize("body", json.loads((FOLDER / "incidents.json").read_text()))
def test_a_recorded_incident_can_be_read(body: object) -> None:
    incident = incident_from(json.dumps(body))
    assert isinstance(incident, Incident)
    assert incident_from(incident_text(incident)) == incident


def _names(body: object) -> object:
    """The fields, without what is in them; a mapping's keys are a vendor's, not ours."""
    if not isinstance(body, dict):
        return None
    free = ("identifiers", "names", "parameters", "seen", "state")
    return {name: None if name in free else _names(value) for name, value in body.items()}
