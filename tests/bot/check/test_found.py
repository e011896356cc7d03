"""What the check finds: what is missing, with what to do, and never a secret."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.check import Systems, check
from bot.check.report import Level, Line, to_json
from bot.settings import FIELDS, load
from engine.errors import Misconfigured, Unreachable
from tests.bot.check.looking import Environ, look, of, only, shown
from tests.servers import free_port
from tests.waiting import PATIENCE


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

    both = asyncio.Barrier(2)

    async def together() -> str:
        await both.wait()
        return ""

    targets = {"a": never, "b": never, "c": together, "d": together}
    async with asyncio.timeout(PATIENCE):
        report = await check(load(environ), Systems(database=never, targets=targets), patience=3)
    silent = {line.subject for line in report.lines if line.text == "no answer within 3 s"}
    assert silent >= {"Database", "a", "b"}
    assert only(report, "c").level is only(report, "d").level is Level.OK


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
