"""How the command line speaks when something goes wrong: a sentence and exit code 1, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from engine.errors import OnCallError, Refused

err = Console(stderr=True)


@contextmanager
def plainly() -> Iterator[None]:
    try:
        yield
    except OnCallError as error:
        err.print(f"oncall: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    except BrokenPipeError:
        raise typer.Exit(1) from None


def write(file: Path, content: bytes) -> None:
    """Raises Refused where the file cannot be written."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}.") from error
