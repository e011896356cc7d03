"""How the value of a variable may be written, and what a person is told where it is not."""

from __future__ import annotations

import re
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.variables import Trouble
from engine.model import Risk
from engine.redact import redact
from engine.windows import DAYS, Window

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?", re.IGNORECASE
)
_NAME = re.compile(r"[\w.-]{1,64}")
_CHANNEL = re.compile(r"#?[^\s#@,>]{1,80}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RISK = re.compile(rf"[a-z_]+(@[\w.-]+)?=({'|'.join(Risk)})")
_WINDOW = re.compile(r"(?P<days>[a-z+-]+) (?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d) (?P<zone>\S+)")
_EMAIL = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,24}")
_DATABASE = re.compile(r"(sqlite|postgres|postgresql|mysql|mariadb)(\+[a-z0-9]+)?://", re.IGNORECASE)

SHOWN = 60
"""Characters of a wrong value that are shown again."""


def items(value: Any) -> Any:
    """``a, b`` as a tuple, each item once; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(item.strip() for item in value.split(",") if item.strip()))


def upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("is not one word of letters, digits, '.', '_' and '-'")
    return value


def channel(value: str) -> str:
    """A channel's name, without the # that people write before it, or its id."""
    if not _CHANNEL.fullmatch(value):
        raise ValueError("is not the name or id of a channel")
    return value.removeprefix("#")


def microsoft_id(value: str) -> str:
    """A UUID as Azure shows it, in small letters; empty stays empty."""
    if value and not _UUID.fullmatch(value):
        raise ValueError("does not look like 00000000-0000-0000-0000-000000000000")
    return value.lower()


def risk(value: str) -> str:
    """``drain_node=high`` or ``restart_dag_task@staging=low``."""
    if not _RISK.fullmatch(value):
        raise ValueError(f"is no action with its risk ({', '.join(Risk)}) such as drain_node=high")
    return value


def window(value: Any) -> Any:
    """``mon-fri 09:00-17:00 Europe/Berlin``."""
    if not isinstance(value, str):
        return value
    found = _WINDOW.fullmatch(value.lower())
    days = _days(found["days"]) if found else ()
    if not found or not days:
        raise ValueError("is no time of the week such as mon-fri 09:00-17:00 Europe/Berlin")
    zone = value.split()[2]
    try:
        ZoneInfo(zone)
        return Window(days, time.fromisoformat(found["start"]), time.fromisoformat(found["end"]), zone)
    except (ValueError, ZoneInfoNotFoundError):
        raise ValueError(f"names no time or time zone: {zone}") from None


def _days(text: str) -> tuple[str, ...]:
    """``mon-fri`` or ``mon+wed``; empty if a day is unknown."""
    first, _, last = text.partition("-")
    named = text.split("+") if not last else [first, last]
    if any(day not in DAYS for day in named):
        return ()
    return DAYS[DAYS.index(first) : DAYS.index(last) + 1] if last else tuple(named)


def email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("is not an e-mail address")
    return value


def phone(value: str) -> str:
    if not _PHONE.fullmatch(value):
        raise ValueError("is not a telephone number")
    return value


def host(value: str) -> str:
    """A name or an address of a machine."""
    try:
        ip_address(value)
    except ValueError:
        if not _HOST.fullmatch(value):
            raise ValueError("is not the name or address of a machine") from None
    return value


def host_if_any(value: str) -> str:
    return host(value) if value else ""


def database(value: SecretStr) -> SecretStr:
    if not _DATABASE.match(value.get_secret_value()):
        raise ValueError("does not begin with sqlite://, postgresql:// or mysql://")
    return value


def web_address(value: str) -> str:
    """``http(s)://host[:port][/path]`` without the last slash; empty stays empty."""
    _split(value)
    return value.rstrip("/")


def open_address(value: str) -> str:
    """A web address that holds no user and password: it is shown to people, or has variables for them."""
    address = _split(value)
    if address and "@" in address.netloc:
        raise ValueError("holds a user and a password, which do not belong there")
    return value.rstrip("/")


def secret_address(value: SecretStr) -> SecretStr:
    _split(value.get_secret_value())
    return value


def _split(value: str) -> SplitResult | None:
    if not value:
        return None
    try:
        address = urlsplit(value)
        good = address.scheme in ("http", "https") and bool(host(address.hostname or "")) and address.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"\s", value):
        raise ValueError("is not an address such as https://host:port")
    return address


def folder(value: Path) -> Path:
    """A folder in which we may delete: absolute, without detours, and not all there is."""
    if not value.is_absolute() or ".." in value.parts or value == Path(value.anchor):
        raise ValueError("is not the full path of a folder below /")
    return value


def explained(error: ValidationError, fields: dict[str, FieldInfo]) -> list[Trouble]:
    """One trouble for each wrong value: which variable, what is wrong, what to write."""
    return [_explained(one, fields) for one in error.errors(include_url=False)]


def _explained(error: ErrorDetails, fields: dict[str, FieldInfo]) -> Trouble:
    name = str(error["loc"][0]) if error["loc"] else ""
    variable = name.upper()
    if name not in fields:
        return Trouble(variable, "is not one of our variables", "Remove it.")
    shown = "its value" if _is_secret(fields[name]) else _shown(error["input"])
    return Trouble(variable, f"{shown} {what(error)}", f"Write for example {variable}={example(fields[name])}")


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def _shown(value: Any) -> str:
    text = redact(str(value)).replace("\n", " ")
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}…'"


_SAID = {
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is not a whole number",
    "float_parsing": "is not a number",
    "finite_number": "is not a number",
    "bool_parsing": "is neither true nor false",
    "greater_than_equal": "is less than {ge:g}",
    "less_than_equal": "is more than {le:g}",
    "literal_error": "is none of {expected}",
    "enum": "is none of {expected}",
    "too_short": "is empty",
    "tuple_type": "is no list",
    "dict_type": "is no table",
    "model_type": "is no table",
    "string_type": "is no text",
    "value_error": "{error}",
}
"""Pydantic's kinds of error in our words; ``ctx`` fills them in."""


def what(error: ErrorDetails) -> str:
    """What is wrong with a value, to follow its name."""
    said = _SAID.get(error["type"])
    return said.format(**error.get("ctx", {})) if said else error["msg"]


def example(field: FieldInfo) -> str:
    """A right value, as it is written: the field's example, else its default."""
    return str(field.examples[0]) if field.examples else written(field.default)


def written(value: Any) -> str:
    """A value as a person would write it into ``.env``."""
    match value:
        case bool():
            return str(value).lower()
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(map(str, value))
        case float():
            return f"{value:g}"
        case _:
            return str(value)
