"""Kinds of values that a variable may have, each checked where it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from bot import values
from bot.routes import Route, route
from engine.windows import Window

Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(values.items)]
Emails: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(values.email)], ...], BeforeValidator(values.items)]
Phones: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(values.phone)], ...], BeforeValidator(values.items)]
Folders: TypeAlias = Annotated[
    tuple[Annotated[Path, AfterValidator(values.folder)], ...], BeforeValidator(values.items)
]
LogLevel: TypeAlias = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(values.upper)]
LogFormat: TypeAlias = Annotated[Literal["auto", "json", "console"], BeforeValidator(values.lower)]
Routes: TypeAlias = Annotated[tuple[Annotated[Route, BeforeValidator(route)], ...], BeforeValidator(values.items)]
Windows: TypeAlias = Annotated[
    tuple[Annotated[Window, BeforeValidator(values.window)], ...], BeforeValidator(values.items)
]
Risks: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(values.risk)], ...], BeforeValidator(values.items)]
Word: TypeAlias = Annotated[str, AfterValidator(values.name)]

MAY_BE_EMPTIED: dict[str, Any] = {"emptied": True}
