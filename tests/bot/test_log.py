"""Our own log: what a line holds, and above all what it never holds."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from bot.log import bound, get_logger, hiding, setup

KEY = 'k3y-"with\\quotes"/and spaces'
WORD = "hunter2-hunter2"
SECRETS = (KEY, WORD)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    setup("INFO", SECRETS, stream=stream)
    return stream


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_says_when_how_bad_what_and_where(out: io.StringIO) -> None:
    get_logger("engine.act").info("an action ended", action="clear_task", seconds=1.5)
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "an action ended",
        "logger": "engine.act",
        "action": "clear_task",
        "seconds": 1.5,
    }
    assert out.getvalue().startswith('{"timestamp": "2')


def test_within_bound_every_line_carries_the_incident(out: io.StringIO) -> None:
    with bound(incident=17):
        get_logger("bot").info("ours")
        logging.getLogger("slack").warning("of a %s", "library")
    get_logger("bot").info("after")
    assert [(line["event"], line.get("incident")) for line in lines(out)] == [
        ("ours", 17),
        ("of a library", 17),
        ("after", None),
    ]


def test_a_logger_that_was_made_before_setup_obeys_it() -> None:
    early = get_logger("early")
    out = io.StringIO()
    setup("WARNING", stream=out)
    early.info("too little")
    early.warning("enough")
    assert [line["event"] for line in lines(out)] == ["enough"]


def test_setup_may_be_called_again(out: io.StringIO) -> None:
    again = io.StringIO()
    setup("INFO", stream=again)
    get_logger("bot").info("once")
    assert (len(lines(out)), len(lines(again))) == (0, 1)


def test_on_a_terminal_the_log_is_for_people_unless_json_was_asked_for() -> None:
    for form, is_json in (("auto", False), ("console", False), ("json", True)):
        out = Terminal()
        setup("INFO", SECRETS, form, out)
        get_logger("bot").info("hello", password="x", note=f"it is {WORD}\nforged line")
        assert out.getvalue().startswith("{") is is_json
        assert len(out.getvalue().splitlines()) == 1
        assert WORD not in out.getvalue()


def test_console_without_a_terminal_has_no_colours() -> None:
    out = io.StringIO()
    setup("INFO", (), "console", out)
    get_logger("bot").info("hello")
    assert "hello" in out.getvalue()
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize(("level", "wanted"), [("INFO", []), ("DEBUG", ["aiohttp.access", "apscheduler.executors"])])
def test_everyday_lines_of_libraries_are_wanted_at_debug_only(level: str, wanted: list[str]) -> None:
    out = io.StringIO()
    setup(level, stream=out)
    for name in ("aiohttp.access", "apscheduler.executors", "sqlalchemy.engine", "httpcore.http11"):
        logging.getLogger(name).info("everyday")
    assert [line["logger"] for line in lines(out)] == wanted


def test_warnings_of_libraries_always_come_through(out: io.StringIO) -> None:
    for name in ("aiohttp.access", "sqlalchemy.pool", "alembic"):
        logging.getLogger(name).warning("mind")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(capture=True)
        warnings.warn(f"deprecated: {WORD}", stacklevel=1)
    assert [line["level"] for line in lines(out)] == ["warning"] * 4
    assert WORD not in out.getvalue()


@dataclass
class Login:
    user: str
    word: str


class Shy:
    def __str__(self) -> str:
        raise RuntimeError(WORD)


def _raise() -> None:
    try:
        raise ValueError(f"cannot sign in with {WORD}")
    except ValueError as error:
        raise ConnectionError(f"postgresql://agent:{KEY}@db/incidents") from error


def _nested() -> None:
    get_logger("bot").info(
        f"event {WORD}",
        plain=WORD,
        deep={"a": [{"b": ({"note": f"x{KEY}x"}, WORD)}], WORD: 1},
        deeper={"1": {"2": {"3": {"4": {"5": {"6": {"7": {"8": WORD}}}}}}}},
        thing=Login("a", WORD),
        raw=WORD.encode(),
        many={WORD},
        shy=Shy(),
        secret=SecretStr(WORD),
    )


def _exception() -> None:
    try:
        _raise()
    except ConnectionError:
        get_logger("bot").exception("it broke", why=WORD)
        logging.getLogger("aiohttp.server").exception("it broke")


def _percent() -> None:
    log = logging.getLogger("apscheduler")
    log.warning("sign in with %s at %s", WORD, {"key": KEY})
    log.warning("sign in with %(word)s", {"word": WORD})
    get_logger("bot").warning("sign in with %s", WORD)


def _wrong_percent() -> None:
    logging.getLogger("x").warning("one place, two things: %s", WORD, KEY)  # noqa: PLE1205 - the mistake is the test


def _encoded() -> None:
    get_logger("bot").info(
        "encoded", url="https://x/?k=k3y-%22with%5Cquotes%22%2Fand%20spaces", body=json.dumps({"k": KEY})
    )


def _spelt_by_name() -> None:
    get_logger("bot").info(
        "named", password="opensesame", headers={"Authorization": "opensesame", "Cookie": "opensesame"}
    )
    get_logger("bot").info(
        "named", items=[{"api_key": "opensesame"}], access_token=["opensesame"], smtp_password="opensesame"
    )
    get_logger("bot").info("GET https://me:opensesame@host/ failed, Authorization: Bearer opensesame")


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("write", [_nested, _exception, _percent, _wrong_percent, _encoded, _spelt_by_name])
def test_it_leaks_no_secret(write: Any, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = Terminal() if form == "console" else io.StringIO()
    setup("INFO", SECRETS, form, out)
    write()
    everything = out.getvalue() + "".join(capsys.readouterr())
    assert everything.strip()
    for secret in (*SECRETS, "k3y-", "opensesame"):
        assert secret not in everything


def test_a_line_that_cannot_be_written_is_told_of_without_its_values() -> None:
    out = io.StringIO()
    setup("INFO", SECRETS, stream=out)
    _wrong_percent()
    (line,) = lines(out)
    assert line["event"] == "a log line could not be written"
    assert line["place"].startswith("test_log.py:")


def test_a_traceback_names_the_error_and_where(out: io.StringIO) -> None:
    _exception()
    text = lines(out)[0]["exception"]
    assert "ConnectionError: postgresql://agent:[redacted]@db/incidents" in text
    assert "ValueError: cannot sign in with [redacted]" in text
    assert "in _raise" in text


def test_a_stream_that_has_gone_stops_nobody() -> None:
    out = io.StringIO()
    setup("INFO", stream=out)
    out.close()
    get_logger("bot").info("unheard")


def test_values_stay_values(out: io.StringIO) -> None:
    get_logger("bot").info("x", count=3, ratio=0.5, yes=True, none=None, nothing=float("nan"), both=[1, "a"])
    (line,) = lines(out)
    assert [line[name] for name in ("count", "ratio", "yes", "none", "nothing", "both")] == [
        3,
        0.5,
        True,
        None,
        "nan",
        [1, "a"],
    ]


def test_a_very_short_secret_does_not_hide_the_log() -> None:
    assert hiding(["a", "ab"])("a cab") == "a cab"


def test_a_number_that_is_a_secret_is_hidden_too() -> None:
    out = io.StringIO()
    setup("INFO", ["123456"], stream=out)
    get_logger("bot").info("x", pin=123456)
    assert "123456" not in out.getvalue()
