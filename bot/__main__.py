"""``oncall``: run the program, check the settings, scan logs, explain a text, look after the database."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from adapters.chat.web.sign_in import OneTimeLinks
from adapters.logs.reading import chunks
from adapters.targets import CATALOGUES
from bot import knowledge_base, roster, show
from bot import stats as learned
from bot.analysis import analyze as explained
from bot.app import EXAMPLE, detector, policy
from bot.check import check as checked
from bot.check.report import render, to_json
from bot.clock import SystemClock
from bot.dangers import refuse_dangers
from bot.log import setup
from bot.outcomes import Outcomes, recorded
from bot.people import first_name
from bot.replay.command import replay
from bot.scan import STDIN
from bot.scan import scan as scanned
from bot.serve import serve
from bot.settings import Settings, load
from bot.signing_key import signing_key
from bot.systems import systems
from bot.teams_package import VERSION, package
from bot.terminal import err, plainly, write
from engine.errors import Misconfigured, OnCallError
from engine.model import Lesson
from storage.database import connect
from storage.hold import hold
from storage.incidents import SqlIncidents
from storage.upgrade import upgrade as upgraded
from storage.upgrade import version

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An on-call agent: run it, check its settings, scan logs, explain a text, look after people and the database.",
)
db = typer.Typer(no_args_is_help=True, help="Look after the database.")
app.add_typer(db, name="db")
app.add_typer(roster.app, name="people")
app.add_typer(knowledge_base.app, name="kb")
app.command("replay")(replay)

out = Console(soft_wrap=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def run(demo: Annotated[bool, typer.Option("--demo", help="Play the guided example.")] = False) -> None:  # noqa: FBT002 - typer's way to say a flag
    """Start the program, and serve until it is told to stop."""
    with plainly():
        settings = _settings(demo=demo)
        refuse_dangers(settings)
        asyncio.run(serve(settings))


@app.command()
def check(as_json: Json = False) -> None:  # noqa: FBT002 - typer's way to say a flag
    """Tell what is set, what is reachable, what is missing and how to get it. Ends with 1 on an error."""
    with plainly():
        settings = _settings()
        report = asyncio.run(checked(settings, systems(settings)))
        if as_json:
            out.print_json(to_json(report))
        else:
            out.print(render(report))
        raise typer.Exit(report.exit_code)


@app.command()
def scan(
    paths: Annotated[list[str], typer.Argument(help="Log files (plain, gz, zst), folders, or - for standard input.")],
    as_json: Json = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Read log files and print the incidents that they would open."""
    began = time.perf_counter()
    with plainly(), show.progress(err, show.total(paths), quiet=as_json) as advance:
        result = asyncio.run(scanned(paths, detector(), SystemClock(), advance))
    if as_json:
        for incident in result.incidents:
            sys.stdout.write(json.dumps(show.as_json(incident, result.line[incident.id]), ensure_ascii=False) + "\n")
    else:
        out.print(show.incidents(result.incidents) if result.size or not result.troubles else "Nothing was read.")
        err.print(show.speed(result.lines, result.size, time.perf_counter() - began), style="dim", highlight=False)
    for trouble in result.troubles:
        err.print(f"! {trouble}", style="yellow", markup=False)
    raise typer.Exit(1 if result.troubles and not result.size else 0)


@app.command()
def analyze(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")] = STDIN,
    as_json: Json = False,  # noqa: FBT002 - typer's way to say a flag
    jsonl: Annotated[bool, typer.Option("--jsonl", help='Answer {"id", "text"} lines with a JSON line each.')] = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Explain one text: what broke, why, and what would mend it."""
    with plainly():
        settings = _settings()
        explain = partial(explained, detector(), CATALOGUES, policy(settings, ()), outcomes=_outcomes(settings))
        if jsonl:
            for id, text in _cases(file):
                print(json.dumps({"id": id, **explain(text)}, ensure_ascii=False))  # noqa: T201 - the answer itself
            return
        answer = explain(_text(file), "" if file == STDIN else file)
        out.print_json(data=answer) if as_json else out.print(show.analysis(answer))


@app.command("sign-in")
def sign_in(
    username: Annotated[str, typer.Argument(help="Whose account; the first admin's if left out.")] = "",
) -> None:
    """Print a link that signs a person in to the running program, once."""
    with plainly():
        settings = _settings()
        if username:
            asyncio.run(roster.known(username))
        links = OneTimeLinks(signing_key(settings), SystemClock())
        print(links.new_link(settings.address, username or first_name(settings)))  # noqa: T201 - the answer itself


@app.command()
def stats(
    as_json: Json = False,  # noqa: FBT002 - typer's way to say a flag
    picture: Annotated[Path | None, typer.Option(help="Write the curves to this PNG file instead.")] = None,
) -> None:
    """Tell what was learned: success by failure and action, times, and how far confidence can be believed."""

    async def work() -> Sequence[Lesson]:
        async with connect(_settings().database_url.get_secret_value()) as database:
            return await SqlIncidents(database).lessons_of(())

    with plainly():
        lessons = asyncio.run(work())
        if picture:
            write(picture, learned.picture(lessons))
        elif as_json:
            out.print_json(data=learned.as_json(lessons))
        else:
            out.print(learned.table(lessons))


@app.command("teams-package")
def teams_package(
    out_file: Annotated[Path, typer.Option("--out", help="Where to write the zip.")] = Path("oncall-teams.zip"),
    number: Annotated[str, typer.Option("--version", help="Grows with each upload.")] = VERSION,
) -> None:
    """Build the app that Teams takes under Apps, Manage your apps, Upload an app; the ids are those of the settings."""
    with plainly():
        settings = _settings()
        packed = package(settings.teams_app_id, urlsplit(settings.address).hostname or "", version=number)
        write(out_file, packed)
        out.print(
            f"{out_file} is ready: upload it in Teams, then add it to the team of {settings.teams_channel}.",
            markup=False,
        )


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this program's schema."""

    async def work() -> str:
        async with connect(_settings().database_url.get_secret_value()) as database, hold(database):
            await upgraded(database)
            return (await version(database))[1]

    with plainly():
        out.print(f"The database is at revision {asyncio.run(work())}.", markup=False)


@db.command("version")
def db_version() -> None:
    """Tell the database's revision, and this program's."""

    async def work() -> tuple[str | None, str]:
        async with connect(_settings().database_url.get_secret_value()) as database:
            return await version(database)

    with plainly():
        current, newest = asyncio.run(work())
        out.print(f"database {current or 'empty'}, program {newest}", markup=False)


def _settings(*, demo: bool = False) -> Settings:
    settings = load()
    if demo:
        settings = settings.model_copy(update={"demo": True, "cleanup_roots": (EXAMPLE.resolve(),)})
    setup(settings.log_level, settings.secrets(), settings.log_format)
    return settings


def _outcomes(settings: Settings) -> Outcomes:
    """What our database has recorded; nothing where there is none, and a word to the terminal where it is silent."""
    try:
        return asyncio.run(recorded(settings.database_url.get_secret_value()))
    except OnCallError as error:
        err.print(f"! What was learned is left out: {error}", style="yellow", markup=False, highlight=False)
        return Outcomes()


def _cases(file: str) -> Iterator[tuple[object, str]]:
    for number, line in enumerate(_text(file).splitlines(), 1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
            yield case["id"], str(case["text"])
        except (ValueError, KeyError, TypeError):
            raise Misconfigured(f'Line {number} is not a JSON object with "id" and "text".') from None


def _text(file: str) -> str:
    """The whole text of a file or of standard input. Raises OnCallError where it cannot be read."""
    return "".join(chunk.text for chunk in chunks(sys.stdin.buffer if file == STDIN else file))


def main() -> None:
    gc.freeze()  # what is loaded by now stays: looking it through again and again holds up everything else
    app()


if __name__ == "__main__":
    main()
