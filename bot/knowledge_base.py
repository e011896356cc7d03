"""``oncall kb``: what is known of failures, on the command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.clock import SystemClock
from bot.settings import load
from bot.terminal import err, plainly
from bot.terminal import write as write_file
from bot.training import name_of, read, write
from bot.words import percent
from engine import knowledge
from engine.errors import Refused
from engine.knowledge_base import Found, KnowledgeEntry, Library
from storage.database import connect
from storage.knowledge_entries import SqlKnowledgeEntries
from storage.upgrade import upgrade

app = typer.Typer(no_args_is_help=True, help="Read, search and teach what is known of failures.")
out = Console(soft_wrap=False)

Answer = TypeVar("Answer")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Several = Annotated[list[str] | None, typer.Option(help="May be said several times.")]
STREAM = Path("-")


@asynccontextmanager
async def opened() -> AsyncIterator[Library]:
    async with connect(load().database_url.get_secret_value()) as database:
        await upgrade(database)
        yield Library(SqlKnowledgeEntries(database, SystemClock()), knowledge.load())


def _asked(question: Callable[[Library], Awaitable[Answer]]) -> Answer:
    async def work() -> Answer:
        async with opened() as library:
            return await question(library)

    return asyncio.run(work())


@app.command("list")
def everything(
    service: Annotated[str, typer.Option(help="Of this service only.")] = "",
    as_json: Json = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Tell what is known: what ships with the program, and what people keep."""
    with plainly():
        entries = [one for one in _asked(Library.all) if not service or service in one.related_services]
        _told(entries) if as_json else out.print(_table(entries))


@app.command()
def show(id: str, as_json: Json = False) -> None:  # noqa: FBT002 - typer's way to say a flag
    """Tell all about one entry."""
    with plainly():
        entry = _asked(lambda library: library.get(id))
        _told([entry]) if as_json else out.print(_whole(entry))


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words or a log line; - reads standard input.")],
    service: Annotated[str, typer.Option(help="What runs there; entries of it are preferred.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100)] = 5,
    as_json: Json = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Find what is most like a text."""
    with plainly():
        text = sys.stdin.read() if words == ["-"] else " ".join(words)
        found = _asked(lambda library: library.search(text, service, limit))
        _told([one.entry for one in found]) if as_json else out.print(_found(found))


@app.command()
def add(  # noqa: PLR0913 - a field each
    title: str,
    *,
    description: str = "",
    category: str = "unknown",
    service: Several = None,
    pattern: Several = None,
    step: Several = None,
    action: Several = None,
    tag: Several = None,
    success_rate: Annotated[float | None, typer.Option(min=0, max=1)] = None,
    by: Annotated[str, typer.Option(help="Who says so.")] = "",
) -> None:
    """Keep an entry. One of the same service and title is replaced."""
    with plainly():
        if not title.strip():
            raise Refused("An entry needs a title.")
        entry = KnowledgeEntry(
            id=name_of(title, (service or [""])[0]),
            title=title,
            description=description,
            category=category,
            tags=tuple(tag or ()),
            error_patterns=tuple(pattern or ()),
            solution_steps=tuple(step or ()),
            automated_actions=tuple(action or ()),
            success_rate=success_rate,
            related_services=tuple(service or ()),
            created_by=by,
        )
        _asked(lambda library: library.keep([entry]))
        out.print(f"Kept as {entry.id}.", markup=False, highlight=False)


@app.command("import")
def take_in(
    file: Annotated[Path, typer.Argument(help="JSON or JSON lines; - is standard input.")],
) -> None:
    """Keep the entries of a file, and what the incidents in it teach. Twice is as good as once."""
    with plainly():
        got = read(_text(file))
        entries = got.all()
        kept = _asked(lambda library: library.keep(entries))
        out.print(f"{kept} kept, {len(entries) - kept} known already.", markup=False, highlight=False)
        for trouble in got.troubles:
            err.print(f"! {trouble}", style="yellow", markup=False, highlight=False)
        raise typer.Exit(1 if got.troubles and not entries else 0)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; - is standard output.")] = STREAM,
    every: Annotated[bool, typer.Option("--all", help="With what ships with the program.")] = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Write what people keep as JSON that import reads back as it was."""
    with plainly():
        text = write(_asked(Library.all if every else Library.kept))
        if file == STREAM:
            sys.stdout.write(text)
            return
        write_file(file, text.encode())


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if file == STREAM else file.read_text("utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise Refused(f"{file} is no text in UTF-8.") from None


def _told(entries: Sequence[KnowledgeEntry]) -> None:
    sys.stdout.write(write(entries))


def _table(entries: Sequence[KnowledgeEntry]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Entry", "What happens", "Mended by", "Worked"):
        table.add_column(column, overflow="fold")
    for one in entries:
        title = f"{one.title} (proposed)" if one.proposed else one.title
        rate = percent(one.success_rate) if one.success_rate is not None else ""
        table.add_row(*(Text(text) for text in (one.id, title, ", ".join(one.automated_actions), rate)))
    return table


def _found(found: Sequence[Found]) -> Table | Text:
    if not found:
        return Text("Nothing like it is known.")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Like it", "Entry", "What happens", "Mended by"):
        table.add_column(column, overflow="fold")
    for one in found:
        mended = ", ".join(one.entry.automated_actions) or "a person"
        table.add_row(*(Text(text) for text in (percent(one.score), one.entry.id, one.entry.title, mended)))
    return table


def _whole(entry: KnowledgeEntry) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = (
        ("Entry", entry.id),
        ("What happens", entry.title),
        ("Why", entry.description),
        ("Category", entry.category),
        ("Services", ", ".join(entry.related_services)),
        ("Tags", ", ".join(entry.tags)),
        ("Error patterns", "\n".join(entry.error_patterns)),
        ("For a person", "\n".join(entry.solution_steps)),
        ("Actions", ", ".join(entry.automated_actions)),
        ("Worked", percent(entry.success_rate) if entry.success_rate is not None else ""),
        ("By", entry.created_by),
        ("Last used", entry.last_used.isoformat() if entry.last_used else ""),
    )
    for label, value in rows:
        if value:
            table.add_row(label, Text(value))
    return table
