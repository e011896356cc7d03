"""Where log entries come from. A new source: one file here, one line below."""

from __future__ import annotations

from collections.abc import Callable

from adapters.logs.files import Files
from engine.ports import LogSource

LOG_SOURCES: dict[str, Callable[..., LogSource]] = {
    "files": Files,
}
