"""What a log entry says of itself: how bad it is, when it was written, and which names and values it gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from typing import Any

MOST_TEXT = 64 * 1024
"""Characters of an entry that are looked at."""

MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
LEVEL = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|ALERT|EMERG|PANIC"
_MONTHS = {name: number for number, name in enumerate(MONTH.split("|"), 1)}

_LEVELS = {
    **dict.fromkeys(("trace", "debug", "d"), "debug"),
    **dict.fromkeys(("info", "notice", "log", "information", "informational", "i"), "info"),
    **dict.fromkeys(("warn", "warning", "w"), "warning"),
    **dict.fromkeys(("error", "err", "severe", "e"), "error"),
    **dict.fromkeys(("critical", "crit", "fatal", "alert", "emerg", "emergency", "panic", "f"), "critical"),
    "10": "debug",
    "20": "debug",
    "30": "info",
    "40": "warning",
    "50": "error",
    "60": "critical",  # pino, bunyan
}
_LEVEL_JSON = re.compile(
    r'"(?:level|severity|levelname|log\.level|lvl|loglevel)"\s{0,4}:\s{0,4}"?(\w{1,16})', re.IGNORECASE
)
_LEVEL_LOGFMT = re.compile(r'(?<![\w.])(?:level|lvl|severity)=["\']?(\w{1,16})', re.IGNORECASE)
_LEVEL_KLOG = re.compile(r"([IWEF])\d{4} \d\d:")
_LEVEL_WORD = re.compile(
    rf"(?<![\w.])({LEVEL}|LOG(?=:  ))(?![\w.])"
    r"|\[(?:\w{1,32}:)?([A-Za-z]{3,9})\s{0,8}\]",
)
_PRIORITY = re.compile(r"<(\d{1,3})>")
_SYSLOG = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")


def level(text: str) -> str | None:
    """How bad the entry says it is: debug, info, warning, error or critical; None if it does not say."""
    if text.startswith("{"):
        said = _LEVEL_JSON.search(text, 0, MOST_TEXT)
        return _LEVELS.get(said[1].lower()) if said else None
    if said := _LEVEL_KLOG.match(text):
        return _LEVELS[said[1].lower()]
    head = text[:256].partition("\n")[0]
    if said := _LEVEL_LOGFMT.search(head):
        return _LEVELS.get(said[1].lower())
    for said in _LEVEL_WORD.finditer(head):
        if name := _LEVELS.get((said[1] or said[2]).lower()):
            return name
    said = _PRIORITY.match(head)
    return _SYSLOG[int(said[1]) & 7] if said else None


_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)(?:T|,? )(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r" ?(?:([+-])(\d\d):?(\d\d)?(?!\d))?"
)
_SPARK = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?")
_SYSLOG_TIME = re.compile(rf"(?:<\d{{1,3}}>)?({MONTH}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?")
_KLOG = re.compile(r"[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?")
_TIME_JSON = re.compile(
    r'"(?:@?timestamp|time|ts|asctime|datetime|date|t)"\s{0,4}:\s{0,4}"?([^",}]{8,40})', re.IGNORECASE
)
_TIME_LOGFMT = re.compile(r'(?<![\w.])(?:time|ts|timestamp|t)=["\']?([^"\']{8,40})')
_EPOCH = re.compile(r"(\d{10})(\d{3}|\d{6}|\d{9})?(?:\.(\d{1,9}))?(?!\d)")


def moment(text: str, now: datetime | None = None) -> datetime | None:
    """When the entry says it was written, aware and in UTC; a time without zone is taken as UTC.

    klog and the old syslog form leave out the year: with ``now`` it is the last such day, else the answer is None.
    """
    try:
        return _moment(text, now)
    except (ValueError, OverflowError):  # it looked like a time but is none, such as 31 February
        return None


def _moment(text: str, now: datetime | None) -> datetime | None:
    if text.startswith("{"):
        said = _TIME_JSON.search(text, 0, MOST_TEXT)
        return _stamp(said[1]) if said else None
    head = text[:128].partition("\n")[0]
    if found := _SPARK.match(head):
        return _at(2000 + int(found[1]), *map(int, found.groups()[1:6]), fraction=found[7])
    if found := _KLOG.match(head):
        return _recent(now, *map(int, found.groups()[:5]), fraction=found[6])
    if found := _SYSLOG_TIME.match(head):
        return _recent(now, _MONTHS[found[1]], *map(int, found.groups()[1:5]), fraction=found[6])
    said = _TIME_LOGFMT.search(head)
    return _stamp(said[1]) if said else _iso(head)


def _stamp(value: str) -> datetime | None:
    if found := _EPOCH.match(value):
        fraction = (found[2] or found[3] or "0").ljust(6, "0")[:6]
        return datetime.fromtimestamp(int(found[1]), UTC).replace(microsecond=int(fraction))
    return _iso(value)


def _iso(text: str) -> datetime | None:
    found = _ISO.search(text)
    if not found:
        return None
    local = _at(*map(int, found.groups()[:6]), fraction=found[7])
    if not found[8]:
        return local
    ahead = timedelta(hours=int(found[9]), minutes=int(found[10] or 0))
    return local.replace(tzinfo=timezone(ahead if found[8] == "+" else -ahead)).astimezone(UTC)


def _at(*parts: int, fraction: str | None) -> datetime:
    year, month, day, hour, minute, second = parts
    # A leap second is the last moment of its minute, for us.
    return datetime(year, month, day, hour, minute, min(second, 59), int((fraction or "0").ljust(6, "0")[:6]), UTC)


def _recent(now: datetime | None, *parts: int, fraction: str | None) -> datetime | None:
    """The last such day; a clock that runs a day ahead is still believed."""
    if now is None:
        return None
    this_year = _at(now.year, *parts, fraction=fraction)
    return this_year if this_year <= now + timedelta(days=1) else _at(now.year - 1, *parts, fraction=fraction)


MOST_FIELDS = 256
DEEPEST = 8
MESSAGES = ("message", "msg", "log", "MESSAGE", "event", "textPayload")
"""Fields of a JSON line that hold what the program itself wrote: pairs in it count after the line's own fields."""

_PAIR = re.compile(
    r"""(?<![\w.\-])([A-Za-z_@][\w.\-]{0,63})(?:["']?:\s{1,3}(?![A-Za-z_][\w.]{0,63}=)|\s?=\s?)
        ("(?:[^"\\]|\\.){0,4096}"|'[^']{0,4096}'|[^\s,;()\[\]{}"'`<>]{1,1024})(?P<call>\()?""",
    re.VERBOSE,
)


_CODE = re.compile(r"""(File "[^"\n]{1,500}", line \d{1,7}, in [^\n]*\n)[ \t]+[^\n]*""")
"""A frame of a Python trace, and below it the source code, whose ``pod=self.pod`` gives no value."""


def fields(text: str) -> dict[str, str]:
    """The names and values in an entry, flat: of JSON objects, of ``key=value`` and of ``key: value`` in its text.

    Values are verbatim. In JSON a nested name is ``a.b`` and a list's ``a.0``; nulls are left out. In text the first of
    two pairs with one name wins, and JSON goes before pairs. At most 256 of them, eight levels deep.
    """
    text = text[: MOST_TEXT + 1]
    if text.startswith("{") and (found := _object(text)):
        inner = [found[name] for name in MESSAGES if name in found]
    else:
        found, inner = _objects(text), [text]
    for pairs in map(_pairs, inner):
        found = pairs | found
    return dict(islice(found.items(), MOST_FIELDS))


def _object(text: str) -> dict[str, str]:
    """What a JSON object says; nothing if it is none."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return {}
    return dict(islice(_flat(value, "", 0), MOST_FIELDS))


def _objects(text: str) -> dict[str, str]:
    """Of the JSON objects that lines of a text end with, the first that gives a name counts."""
    found: dict[str, str] = {}
    for line in text.split("\n") if '{"' in text else ():
        if line.rstrip().endswith("}") and len(found) < MOST_FIELDS:
            found = _object(line[max(0, line.find('{"')) :]) | found
    return found


def _flat(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case bool():
            yield name, "true" if value else "false"
        case str():
            yield name, value
        case dict() if depth < DEEPEST:
            for key, inner in value.items():
                yield from _flat(inner, f"{name}.{key}" if name else key, depth + 1)
        case list() if depth < DEEPEST:
            for index, inner in enumerate(value):
                yield from _flat(inner, f"{name}.{index}", depth + 1)
        case _:
            return


def _speaks(text: str, at: int) -> bool:
    """Whether it is the logger's name that stands there, right behind the level: ``ERROR host: log folder is full``."""
    before = text[max(0, at - 12) : at].rstrip(" ]|").rpartition(" ")[2]
    return before.isupper() and before.lower() in _LEVELS


def _pairs(text: str) -> dict[str, str]:
    """What is called, as in ``user = find(name)``, is code, and no value; neither is a line that a trace quotes."""
    found: dict[str, str] = {}
    said = _CODE.sub(r"\1", text) if '", line ' in text else text
    for pair in _PAIR.finditer(said):
        value = pair[2].strip("\"'") if pair[2][0] in "\"'" else pair[2].rstrip(".:")
        if value and not pair["call"] and not (value.isalpha() and _speaks(said, pair.start())):
            found.setdefault(pair[1], value)
        if len(found) == MOST_FIELDS:
            break
    return found
