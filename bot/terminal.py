"""How the command line speaks when something goes wrong: a sentence and exit code 1, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from engine.errors import OnCallError

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
