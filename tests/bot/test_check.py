"""The check: what it finds on real local servers and files, how it reads at 80 columns, and what it never shows."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from bot.check import Systems, check
from bot.check.machine import disk, in_bytes, room
from bot.check.report import Level, Line, Report, Section, render, to_json
from bot.settings import FIELDS, load
from engine.errors import Misconfigured, Unreachable
from tests.nobody import nobody

Environ = dict[str, str]


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    """Settings of a program that could start: nothing outside is asked."""
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/data/x.db", "ELASTICSEARCH_URL": "", "PORT": str(free_port())}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def look(environ: Environ, **systems: Any) -> Report:
    return await check(load(environ), Systems(**systems))


def of(report: Report, subject: str) -> list[Line]:
    return [line for line in report.lines if line.subject == subject]


def only(report: Report, subject: str) -> Line:
    (line,) = of(report, subject)
    return line


def shown(report: Report, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(render(report))
    return out.getvalue()


@asynccontextmanager
async def served(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """A server on a free port of this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def web_server(body: object, status: int = 200, path: str = "/") -> AsyncIterator[int]:
    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get(path, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


# ---- The whole ----


async def test_a_fresh_machine_may_start_and_is_told_what_is_missing(tmp_path: Path) -> None:
    report = await look({"DATABASE_URL": f"sqlite:///{tmp_path}/data/x.db", "PORT": str(free_port())})
    assert report.exit_code == 0
    assert {line.subject for line in report.lines if line.level is Level.WARNING} == {"ADMINS", "Logs"}
    for name in ("SECRET_KEY", "ONCALL_EMAILS", "SMTP_SERVER", "TEAMS_WEBHOOK_URL", "AIRFLOW_URL"):
        assert only(report, name).level is Level.NOTE
        assert only(report, name).advice
    assert list(tmp_path.iterdir()) == [], "a check changes nothing"


async def test_every_line_that_is_wrong_says_what_to_do(environ: Environ) -> None:
    wrong = {"HOST": "0.0.0.0", "SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "1", "AIRFLOW_URL": "http://a.example.com"}  # noqa: S104 - nothing is bound for long
    report = await look({**environ, **wrong, "LOG_PATHS": "/none", "ELASTICSEARCH_URL": "http://127.0.0.1:1"})
    assert report.exit_code == 1
    assert all(line.advice for line in report.lines if line.level in (Level.WARNING, Level.ERROR))


async def test_everything_is_asked_at_once_and_nothing_can_hold_it_up(environ: Environ) -> None:
    async def never() -> str:
        await asyncio.sleep(3600)
        return ""

    began = time.monotonic()
    report = await check(load(environ), Systems(database=never, targets={"a": never, "b": never}), patience=0.4)
    assert time.monotonic() - began < 2
    assert [line.text for line in report.lines if line.level is Level.ERROR] == ["no answer within 0.4 s"] * 3


async def test_no_secret_is_shown_whatever_a_system_says(environ: Environ, tmp_path: Path) -> None:
    secrets = {
        "SECRET_KEY": "hunter2-key-0123456789-abcdefghij",
        "EMAIL_PASSWORD": "hunter2-mail",
        "AIRFLOW_TOKEN": "hunter2-token",
        "AIRFLOW_PASSWORD": "hunter2-airflow",
        "TEAMS_WEBHOOK_URL": "https://x.webhook.office.com/hunter2-hook",
        "ELASTICSEARCH_URL": "http://me:hunter2-elastic@127.0.0.1:1",
        "DATABASE_URL": "postgresql://me:hunter2-database@127.0.0.1:1/x",
    }
    others = {
        "AIRFLOW_URL": "https://airflow.example.com",
        "SMTP_SERVER": "127.0.0.1",
        "SMTP_PORT": "1",
        "EMAIL_USER": "me",
    }

    async def broken() -> str:
        raise RuntimeError(f"no route: {secrets}")

    async def unreachable() -> str:
        raise Unreachable(f"refused: {secrets}")

    report = await look({**environ, **others, **secrets}, database=broken, targets={"Airflow": unreachable})
    for text in (to_json(report), shown(report), repr(report)):
        assert "hunter2" not in text
    assert only(report, "EMAIL_PASSWORD").text == "set, 12 characters, from the environment"
    assert "RuntimeError: no route" in only(report, "Database").text


# ---- Settings ----


async def test_what_is_set_is_shown_with_its_origin(environ: Environ, tmp_path: Path) -> None:
    file = tmp_path / "some.env"
    file.write_text("LOG_LEVEL=DEBUG\nAIRFLOW_ULR=x\nSECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz\n")
    file.chmod(0o644)
    report = await look({**environ, "ENV_FILE": str(file), "MAX_AUTOMATION_ACTIONS": "3"})
    assert only(report, "LOG_LEVEL").text == f"DEBUG, from {file}"
    assert only(report, "MAX_AUTOMATION_ACTIONS").text == "3, from the environment"
    assert only(report, "SECRET_KEY").text == f"set, 36 characters, from {file}"
    assert only(report, "AIRFLOW_ULR") == Line(
        Level.WARNING,
        "AIRFLOW_ULR",
        f"in {file} is not one of our variables and has no effect",
        "Did you mean AIRFLOW_URL?",
    )
    assert only(report, str(file)).advice == f"chmod 600 {file}"
    assert only(report, "Defaults").text.startswith(f"{len(FIELDS) - 6} of {len(FIELDS)} settings")
    file.chmod(0o600)
    assert of(await look({"ENV_FILE": str(file)}), str(file)) == []


@pytest.mark.parametrize(
    ("key", "level", "said"),
    [
        ("", Level.NOTE, "not set: a random one is kept in"),
        ("your-secret-key-here", Level.NOTE, "not set"),
        ("short", Level.WARNING, "has 5 characters"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", Level.OK, "set, 36 characters"),
    ],
)
async def test_the_key_is_weighed(key: str, level: Level, said: str, environ: Environ) -> None:
    line = only(await look({**environ, "SECRET_KEY": key}), "SECRET_KEY")
    assert line.level is level
    assert said in line.text


async def test_mail_that_has_nowhere_to_go_is_warned_of(environ: Environ) -> None:
    mail = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "1", "EMAIL_USER": "me", "EMAIL_PASSWORD": "x"}
    assert only(await look(environ), "ONCALL_EMAILS").level is Level.NOTE
    assert only(await look({**environ, **mail}), "ONCALL_EMAILS").level is Level.WARNING


async def test_where_others_can_reach_us_a_weak_key_is_an_error(environ: Environ) -> None:
    line = only(await look({**environ, "PUBLIC_URL": "https://oncall.example.com"}), "SECRET_KEY")
    assert line.level is Level.ERROR
    assert line.advice == "Make one: openssl rand -hex 32"


async def test_a_kept_key_that_others_may_read_is_told_of(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").touch(0o644)
    (tmp_path / "data" / "secret.key").chmod(0o644)
    assert [line.level for line in of(await look(environ), "SECRET_KEY")] == [Level.NOTE, Level.WARNING]


# ---- Systems ----


async def test_the_database_the_targets_and_the_knowledge_speak_for_themselves(environ: Environ) -> None:
    async def fine() -> str:
        return "answers, at revision 0001"

    async def wrong() -> str:
        raise Misconfigured("There is no way to speak to oracle.")

    async def away() -> str:
        raise Unreachable("Airflow did not answer.")

    report = await look(
        environ, database=fine, targets={"Airflow": away, "Spark": wrong}, knowledge=lambda: "18 failures"
    )
    assert only(report, "Database") == Line(Level.OK, "Database", "answers, at revision 0001")
    assert only(report, "Spark") == Line(Level.ERROR, "Spark", "There is no way to speak to oracle.")
    assert only(report, "Airflow").advice == "It may be only for now: try again."
    assert only(report, "Knowledge").text == "18 failures"


async def test_what_a_system_says_cannot_paint_the_terminal(environ: Environ) -> None:
    async def loud() -> str:
        return "fine\x1b[31m\x07 [red]indeed[/red]"

    report = await look(environ, database=loud)
    assert only(report, "Database").text == "fine [red]indeed[/red]"
    assert "fine [red]indeed[/red]" in shown(report)


async def test_knowledge_that_cannot_be_read_is_an_error(environ: Environ) -> None:
    def load_them() -> str:
        raise ValueError("The knowledge file airflow/dag cannot be read")

    assert only(await look(environ, knowledge=load_them), "Knowledge").level is Level.ERROR


async def test_elasticsearch_that_answers(environ: Environ) -> None:
    async with web_server({"cluster_name": "logs", "version": {"number": "8.15.0"}}) as port:
        line = only(await look({**environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}"}), "Elasticsearch")
    assert line == Line(Level.OK, "Elasticsearch", "8.15.0, cluster logs")


async def test_elasticsearch_that_wants_a_password(environ: Environ) -> None:
    async with web_server({}, status=401) as port:
        line = only(await look({**environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}"}), "Elasticsearch")
    assert (line.level, line.advice) == (
        Level.ERROR,
        "Put user and password into ELASTICSEARCH_URL, before the host and an @.",
    )


@pytest.mark.parametrize("body", [[], {"version": 3}, "hello"])
async def test_something_else_in_the_place_of_elasticsearch(body: object, environ: Environ) -> None:
    async with web_server(body) as port:
        line = only(await look({**environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}"}), "Elasticsearch")
    assert line.level is Level.ERROR
    assert "something else answers there (200)" in line.text


async def test_elasticsearch_that_nobody_asked_for_is_not_called_broken(environ: Environ) -> None:
    del environ["ELASTICSEARCH_URL"]
    line = only(await look(environ), "Elasticsearch")
    assert (line.level, line.text) == (Level.NOTE, "not reachable; logs are read from files only")
    asked = only(await look({**environ, "ELASTICSEARCH_URL": "http://127.0.0.1:1"}), "Elasticsearch")
    assert asked.level is Level.ERROR
    assert asked.text.startswith("not reachable at 127.0.0.1:1:")


def mail_server(*lines: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Greets, hears EHLO, answers these lines, and wants nothing but QUIT after that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-mail.example.com\r\n220 ready\r\n")
        assert (await reader.readline()).startswith(b"EHLO ")
        writer.write(b"".join(lines))
        assert (await reader.readline()) in (b"QUIT\r\n", b"")

    return answer


async def mail_line(answer: Any, environ: Environ) -> Line:
    mail = {"SMTP_SERVER": "127.0.0.1", "EMAIL_USER": "me", "EMAIL_PASSWORD": "x"}
    async with served(answer) as port:
        return only(await look({**environ, **mail, "SMTP_PORT": str(port)}), "Mail")


async def test_a_mail_server_that_encrypts(environ: Environ) -> None:
    line = await mail_line(mail_server(b"250-hello\r\n", b"250-SIZE 1000\r\n", b"250 STARTTLS\r\n"), environ)
    assert line.level is Level.OK
    assert line.text.endswith("answers and encrypts (STARTTLS)")


async def test_a_mail_server_that_does_not_encrypt(environ: Environ) -> None:
    line = await mail_line(mail_server(b"250-hello\r\n", b"250 AUTH PLAIN\r\n"), environ)
    assert line.level is Level.WARNING  # an error, were it not on this machine
    assert "offers no STARTTLS" in line.text


async def _slams(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")


async def _is_no_mail_server(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


async def _babbles(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220-" + b"x" * 200_000)
    await writer.drain()


async def _goes_on(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220-more\r\n" * 1000)
    await writer.drain()


@pytest.mark.parametrize("answer", [_slams, _is_no_mail_server, _babbles, _goes_on])
async def test_what_is_no_mail_server(answer: Any, environ: Environ) -> None:
    line = await mail_line(answer, environ)
    assert line.level is Level.ERROR
    assert line.text.startswith("not reachable at 127.0.0.1:")


async def test_a_mail_server_that_is_not_there(environ: Environ) -> None:
    mail = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(free_port()), "EMAIL_USER": "me", "EMAIL_PASSWORD": "x"}
    assert "refused" in only(await look({**environ, **mail}), "Mail").text.lower()


@pytest.mark.parametrize(
    ("address", "levels"),
    [
        ("", []),
        ("http://prod-1.westeurope.logic.azure.com/x", []),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/1", [Level.OK]),
        ("https://default1.environment.api.powerplatform.com/x", [Level.OK]),
        ("https://company.webhook.office.com/webhookb2/1", [Level.WARNING]),
        ("https://chat.example.com/hook", [Level.NOTE]),
    ],
)
async def test_a_teams_webhook_is_only_looked_at(address: str, levels: list[Level], environ: Environ) -> None:
    report = await look({**environ, "TEAMS_WEBHOOK_URL": address})
    assert [line.level for line in of(report, "Teams webhook")] == levels


# ---- This machine ----


async def test_a_port_is_free_or_ours_or_taken(environ: Environ) -> None:
    assert only(await look(environ), "Port").text == f"127.0.0.1:{environ['PORT']} is free"
    async with web_server({"status": "alive"}, path="/healthz") as port:
        line = only(await look({**environ, "PORT": str(port)}), "Port")
        assert line == Line(Level.OK, "Port", f"127.0.0.1:{port} is where this agent is running")
    async with web_server({"status": "fine"}, path="/healthz") as port:
        line = only(await look({**environ, "PORT": str(port)}), "Port")
        assert (line.level, line.text) == (Level.ERROR, f"another program listens on 127.0.0.1:{port}")
    async with served(_is_no_mail_server) as port:
        assert only(await look({**environ, "PORT": str(port)}), "Port").level is Level.ERROR


async def test_an_address_that_is_not_ours_cannot_be_listened_on(environ: Environ) -> None:
    line = only(
        await look({**environ, "HOST": "192.0.2.1", "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz"}), "Port"
    )
    assert (line.level, line.advice) == (Level.ERROR, "Set HOST to an address of this machine.")


async def test_logs_that_are_there_and_logs_that_are_not(environ: Environ, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("x" * 1700)
    os.mkfifo(tmp_path / "pipe")
    paths = [f"{tmp_path}/{name}" for name in ("a.log", "*.log", "none.log", "*.none", "pipe")]
    report = await look({**environ, "LOG_PATHS": ",".join(paths)})
    one, many, none, nothing, pipe = of(report, "Log file")
    assert one == Line(Level.OK, "Log file", f"{paths[0]}: 1.7 kB")
    assert many == Line(Level.OK, "Log file", f"{paths[1]}: 2 files, 3.4 kB")
    assert (none.level, none.text) == (Level.WARNING, f"{paths[2]} is not there (yet)")
    assert (nothing.level, nothing.text) == (Level.WARNING, f"{paths[3]}: no log yet")
    assert pipe.level is Level.ERROR
    assert of(report, "Logs") == []


async def test_a_folder_of_logs(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("x")
    line = only(await look({**environ, "LOG_PATHS": f"{tmp_path}/logs"}), "Log file")
    assert line.text == f"{tmp_path}/logs: 1 file, 1 byte"


async def test_a_log_that_cannot_be_read(environ: Environ) -> None:
    with TemporaryDirectory(dir="/tmp") as folder:  # pytest's own is closed to others
        Path(folder).chmod(0o755)
        (Path(folder) / "a.log").touch(0)
        with nobody():
            line = only(await look({**environ, "LOG_PATHS": f"{folder}/a.log"}), "Log file")
    assert line.level is Level.ERROR


async def test_default_logs_need_not_be_there_but_one_source_must(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    paths = (f"{tmp_path}/a.log", f"{tmp_path}/b.log")
    seeing = await look(environ, log_paths=paths)
    assert [line.level for line in of(seeing, "Log file")] == [Level.OK]
    blind = await look(environ, log_paths=paths[1:])
    assert only(blind, "Log files").text == f"none of {tmp_path}/b.log is there"
    assert only(blind, "Logs").level is Level.WARNING


async def test_a_data_folder_that_cannot_be_written_is_an_error(environ: Environ, tmp_path: Path) -> None:
    assert only(await look(environ), "Data folder").text == f"{tmp_path}/data will be made"
    (tmp_path / "file").touch()
    line = only(await look({**environ, "DATABASE_URL": f"sqlite:///{tmp_path}/file/x.db"}), "Data folder")
    assert line.level is Level.ERROR


def test_room_on_the_disk(tmp_path: Path) -> None:
    assert disk(tmp_path / "not" / "there").text.endswith(" free")
    assert [room(free).level for free in (50_000_000, 500_000_000, 5_000_000_000)] == [
        Level.ERROR,
        Level.WARNING,
        Level.OK,
    ]
    assert room(50_000_000).text == "50.0 MB free"


async def test_a_clock_before_this_program_was_written_is_wrong(environ: Environ) -> None:
    good = await look(environ, now=lambda: datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    assert only(good, "Clock") == Line(Level.OK, "Clock", "2026-11-21 09:30:00 UTC")
    assert only(await look(environ, now=lambda: datetime(1970, 1, 1, tzinfo=UTC)), "Clock").level is Level.ERROR


async def test_folders_to_clean_must_be_there(environ: Environ, tmp_path: Path) -> None:
    report = await look({**environ, "CLEANUP_ROOTS": f"{tmp_path},{tmp_path}/none"})
    assert [line.text for line in of(report, "CLEANUP_ROOTS") if line.level is Level.WARNING] == [
        f"{tmp_path}/none is no folder"
    ]


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (123456, "123 kB"), (5 * 10**12, "5.0 TB")],
)
def test_sizes_for_people(size: int, said: str) -> None:
    assert in_bytes(size) == said


# ---- How it reads ----

SAMPLE = Report(
    (
        Section(
            "Settings", (Line(Level.OK, "PORT", "8000"), Line(Level.NOTE, "SMTP_SERVER", "not set", "Ask for it."))
        ),
        Section("Nothing", ()),
        Section(
            "Systems",
            (
                Line(Level.ERROR, "Database", "[bold]down[/bold]", "Start it."),
                Line(Level.WARNING, "A", "b", "c"),
            ),
        ),
    )
)


def test_signs_and_words_stand_beside_each_other() -> None:
    assert [line.rstrip() for line in shown(SAMPLE).splitlines()] == [
        "Settings",
        "✓ ok       PORT         8000",
        "• note     SMTP_SERVER  not set",
        "                        → Ask for it.",
        "",
        "Systems",
        "✗ error    Database     [bold]down[/bold]",
        "                        → Start it.",
        "! warning  A            b",
        "                        → c",
        "",
        "✗ 1 error, 1 warning. The agent does not start like this.",
    ]


def test_the_last_line_sums_up() -> None:
    def last(*levels: Level) -> str:
        report = Report((Section("x", tuple(Line(level, "a", "b") for level in levels)),))
        return shown(report).splitlines()[-1]

    assert last(Level.OK, Level.NOTE) == "✓ All is well. The agent can start."
    assert last(Level.WARNING, Level.WARNING) == "! no errors, 2 warnings. The agent can start."
    assert last(Level.ERROR) == "✗ 1 error, no warnings. The agent does not start like this."


async def test_nothing_is_cut_off_at_80_columns_or_less(environ: Environ) -> None:
    long = {"LOG_PATHS": "/" + "very-long-name/" * 12 + "x.log", "ACCESS_TOKEN_EXPIRE_MINUTES": "60"}
    report = await look({**environ, **long})
    for width in (80, 60):
        text = shown(report, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        for line in report.lines:
            for word in (*line.text.split(), *line.advice.split()):
                assert "".join(word.split()) in "".join(text.split()) or len(word) > 30


def test_for_programs_it_is_json() -> None:
    told = json.loads(to_json(SAMPLE))
    assert told["ok"] is False
    assert told["counts"] == {"ok": 1, "note": 1, "warning": 1, "error": 1}
    assert told["sections"][0] == {
        "title": "Settings",
        "lines": [
            {"level": "ok", "subject": "PORT", "text": "8000", "advice": ""},
            {"level": "note", "subject": "SMTP_SERVER", "text": "not set", "advice": "Ask for it."},
        ],
    }
