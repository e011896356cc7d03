"""What is wrong with the parameters of an action, in words that fit under the field of a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_SAID = {
    "missing": "is needed",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "is needed",
    "string_pattern_mismatch": "has characters that are not allowed there",
    "extra_forbidden": "is no parameter of this action",
    "value_error": "{error}",
}


def wrong(model: type[BaseModel]) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    """Checks parameters by this model; one that is empty counts as not given."""

    def check(parameters: Mapping[str, str]) -> Mapping[str, str]:
        try:
            model.model_validate({name: value for name, value in parameters.items() if value})
        except ValidationError as error:
            found = error.errors(include_url=False)
            return {str(one["loc"][0]): _say(one) for one in found if one["loc"]}
        return {}

    return check


def _say(error: ErrorDetails) -> str:
    said = _SAID.get(error["type"])
    return said.format(**error.get("ctx", {})) if said else error["msg"]
