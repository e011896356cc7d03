"""Our own log: one line for each thing that happened, with the incident's number and never a secret.

Everything goes to standard error: JSON for machines, coloured text where a person looks at a terminal. What libraries
write through ``logging`` takes the same way.
"""

from __future__ import annotations

import json
import logging
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, TextIO, TypeAlias, cast
from urllib.parse import quote

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from engine.redact import HIDDEN, clean, redact

Hide: TypeAlias = Callable[[str], str]

LONGEST = 20_000
"""Characters of one value in the log. A traceback through four libraries has about 8,000."""

DEEPEST = 6
"""Levels of nested values; below that their text must do."""

SHORTEST = 4
"""A secret shorter than this stands in half of all words; hiding it would hide the log."""

_SECRET_NAME = re.compile(
    r"(^|[_.-])pass$|passw|passphrase|pwd|secret|token|authorization|cookie|credential|webhook|(api|private)[_-]?key",
    re.IGNORECASE,
)
_FIRST = ("timestamp", "level", "event", "logger", "incident")

LIBRARIES = {
    "aiohttp.access": logging.DEBUG,
    "apscheduler": logging.DEBUG,
    "httpx": logging.DEBUG,
    "asyncio": logging.DEBUG,
    "alembic": logging.DEBUG,
}
"""At which level of ours a library's everyday lines are wanted; its warnings always are."""

NEVER = ("httpcore", "sqlalchemy", "aiosqlite", "hpack", "urllib3")
"""Libraries whose everyday lines hold request headers or rows of the database: only their warnings."""


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; it may be made before ``setup``."""
    return structlog.stdlib.get_logger(name)


def bound(**values: object) -> AbstractContextManager[None]:
    """Within it every line, of libraries too, carries these values: ``with bound(incident=17): …``."""
    return cast("AbstractContextManager[None]", bound_contextvars(**values))


def setup(level: str, secrets: Iterable[str] = (), form: str = "auto", stream: TextIO | None = None) -> None:
    """Send all logging to ``stream`` (standard error). ``form`` is auto, json or console. May be called again."""
    stream = stream or sys.stderr
    for_people = form == "console" or (form == "auto" and stream.isatty())
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a logger of a module is made before this runs
    )
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                _Without(hiding(secrets)),
                *(_console(stream) if for_people else _JSON),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    _quieten(logging.getLevelName(level))


def _quieten(level: int) -> None:
    for name, wanted in LIBRARIES.items():
        logging.getLogger(name).setLevel(level if level <= wanted else max(level, logging.WARNING))
    # that a round is still at work when the next is due is its one warning, and no trouble
    logging.getLogger("apscheduler.scheduler").setLevel(max(level, logging.ERROR))
    for name in NEVER:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def hiding(secrets: Iterable[str]) -> Hide:
    """A function that takes these texts, however they are spelt, and all that looks like a secret out of a text."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _spellings(secret)}
    known = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None

    def hide(text: str) -> str:
        return redact(known.sub(HIDDEN, text) if known else text, LONGEST)

    return hide


def _spellings(secret: str) -> set[str]:
    """As it is, in a URL, in JSON, and in Python's own way of showing a text."""
    return {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}


class _Without:
    """A processor after which no value holds a secret, and every value can be written as JSON."""

    def __init__(self, hide: Hide) -> None:
        self._hide = hide

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {self._hide(str(name)): self._value(str(name), value, 0) for name, value in event.items()}

    def _value(self, name: str, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if _SECRET_NAME.search(name):
            return HIDDEN
        return self._plain(value, depth)

    def _plain(self, value: Any, depth: int) -> Any:
        match value:
            case None | bool():
                return value
            case int() | float() if math.isfinite(value) and self._hide(str(value)) == str(value):
                return value
            case str():
                return self._hide(value)
            case Mapping() if depth < DEEPEST:
                return {self._hide(str(name)): self._value(str(name), one, depth + 1) for name, one in value.items()}
            case list() | tuple() | set() | frozenset() if depth < DEEPEST:
                return [self._plain(one, depth + 1) for one in value]
            case _:
                return self._hide(_shown(value))


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a value that cannot show itself must not cost us the line
        return f"<{type(value).__name__}, which cannot be shown: {type(error).__name__}>"


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The columns that every line has come first."""
    return {name: event[name] for name in (*_FIRST, *event) if name in event}


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """On a terminal a new line inside a value could pass for a line of ours; only a traceback may have them."""
    return {name: _flat(value) if name not in ("exception", "stack") else value for name, value in event.items()}


def _flat(value: Any) -> Any:
    return clean(value).replace("\n", "\\n") if isinstance(value, str) else value


_JSON: tuple[Processor, ...] = (_in_order, structlog.processors.JSONRenderer())


def _console(stream: TextIO) -> tuple[Processor, ...]:
    # Its own way of showing exceptions prints local variables, and with them secrets.
    return _one_line, structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream. A line that cannot be written is replaced, since logging's own report shows all arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        place = f"{record.filename}:{record.lineno}"
        why = getattr(sys.exc_info()[0], "__name__", "")
        line = {"level": "error", "event": "a log line could not be written", "logger": record.name}
        # Nobody reads a stream that has gone; the program goes on.
        with suppress(OSError, ValueError):
            self.stream.write(json.dumps({**line, "place": place, "why": why}) + self.terminator)
