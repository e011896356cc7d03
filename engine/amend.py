"""What a person writes into a proposal: the action that they mean, and the rest of its plan with the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.desk import Desk
from engine.detect import fill
from engine.errors import Invalid
from engine.model import Action, ActionSpec, Incident, Parameter
from engine.options import assessed, worst

Values = Mapping[str, str]


def amended(desk: Desk, incident: Incident, action: Action, changes: Values) -> Action:
    """The plan with these values, under new ids; itself if they say nothing new. Raises Invalid with all that is wrong.

    What is written for a step holds for the later ones that lack it or that had the same: a plan works on one thing.
    The first step stays bound to the state that was seen, unless it is now another.
    """
    steps = (action, *action.then)
    specs = [desk.targets[one.target].catalogue()[one.name] for one in steps]
    given = changed(steps, specs, changes)
    if not action.unnamed and all(one.parameters == values for one, values in zip(steps, given, strict=True)):
        return action
    first, *rest = (_step(desk, incident, *one) for one in zip(steps, specs, given, strict=True))
    seen = action.seen if first.parameters == action.parameters else {}
    return replace(first, seen=seen, then=tuple(rest), risk=worst(one.risk for one in (first, *rest)))


def changed(steps: Sequence[Action], specs: Sequence[ActionSpec], changes: Values) -> list[dict[str, str]]:
    """The parameters of each step with these changes. Raises Invalid: which are unknown, missing or wrong."""
    shown = {one.name: one.default for one in asked(steps, specs)}
    if unknown := {name: f"is no parameter of {steps[0].plan}" for name in changes if name not in shown}:
        raise Invalid(unknown)
    given = [_given(*one, shown, changes) for one in zip(steps, specs, strict=True)]
    wrong: dict[str, str] = {}
    for spec, values in zip(specs, given, strict=True):
        missing = {one.name: "is needed" for one in spec.parameters if one.required and not values.get(one.name)}
        wrong = {**(missing or spec.wrong(values)), **wrong}
    if wrong:
        raise Invalid(wrong)
    return given


def asked(steps: Sequence[Action], specs: Sequence[ActionSpec]) -> list[Parameter]:
    """What a form of the whole plan asks for, each name once, with the value that the first step to have it has."""
    found: dict[str, Parameter] = {}
    for step, spec in zip(steps, specs, strict=True):
        for one in spec.parameters:
            known = found.get(one.name) or replace(one, default=step.parameters.get(one.name, one.default))
            found[one.name] = replace(known, required=known.required or one.required)
    return list(found.values())


def _given(step: Action, spec: ActionSpec, shown: Values, changes: Values) -> dict[str, str]:
    named = (one.name for one in spec.parameters if one.name in changes)
    meant = (name for name in named if step.parameters.get(name) in (None, shown[name]))
    return {**step.parameters, **{name: changes[name] for name in meant}}


def _step(desk: Desk, incident: Incident, step: Action, spec: ActionSpec, parameters: Values) -> Action:
    return replace(
        step,
        id=desk.new_id(),
        parameters=parameters,
        effect=fill(spec.effect, parameters),
        undo=fill(spec.undo, parameters),
        request=spec.request(parameters),
        risk=assessed(desk.policy, incident, spec, parameters),
        lacking=(),
    )
