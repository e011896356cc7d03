"""Looks at the settings: what is set and from where, what is missing and how to get it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.check.report import Level, Line
from bot.dangers import MAKE_KEY, dangers, weakness
from bot.settings import FIELDS, SECRET, Settings, is_loopback
from bot.signing_key import key_file
from bot.values import written
from bot.words import counted
from engine.redact import redact


def configured(settings: Settings) -> list[Line]:
    """Setting by setting. Reads no secret's file but looks at who may."""
    troubles = dangers(settings)
    wrong = {trouble.name for trouble in troubles}
    return [
        *(Line(Level.ERROR, one.name, one.what, one.advice) for one in troubles),
        *(Line(Level.WARNING, one.name, one.what, one.advice) for one in settings.remarks),
        *(_set(settings, name) for name in FIELDS if _is_set(settings, name) and name not in {*wrong, "SECRET_KEY"}),
        *_key(settings),
        *_missing(settings),
        *_unwise(settings),
        *_readable(settings),
        _defaults(settings),
    ]


def _is_set(settings: Settings, name: str) -> bool:
    return name.lower() in settings.model_fields_set


def _set(settings: Settings, name: str) -> Line:
    origin = settings.origin(name)
    return Line(Level.OK, name, shown(settings, name) + (f", from {origin}" if origin else ""))


def shown(settings: Settings, name: str) -> str:
    """A value as it may be shown: of a secret only its length, of an address no password."""
    value = getattr(settings, name.lower())
    if name == "DATABASE_URL" and isinstance(value, SecretStr):
        return redact(value.get_secret_value())
    if name in SECRET:
        return f"set, {counted(len(value), 'character')}"
    return redact(written(value)) or "set to nothing"


def _key(settings: Settings) -> Iterator[Line]:
    weak, file = weakness(settings), key_file(settings)
    if not weak:
        yield _set(settings, "SECRET_KEY")
    elif settings.exposed:
        return  # it is among the dangers
    elif weak == "is not set":
        yield Line(
            Level.NOTE, "SECRET_KEY", f"not set: a random one is kept in {file}", f"For a server, make one: {MAKE_KEY}"
        )
    else:
        yield Line(
            Level.WARNING, "SECRET_KEY", f"{weak}; a random one in {file} is used instead", f"Make one: {MAKE_KEY}"
        )
    if weak and _others_may_read(file):
        yield Line(Level.WARNING, "SECRET_KEY", f"other users of this machine may read {file}", f"chmod 600 {file}")


def _missing(settings: Settings) -> Iterator[Line]:
    if not settings.admins and not settings.demo:
        yield Line(Level.WARNING, "ADMINS", "nobody is named, so nobody may approve", "Set ADMINS=you@example.com")
    if not settings.oncall_emails:
        advice = "Set ONCALL_EMAILS to the addresses, the first to be told first."
        level = Level.WARNING if settings.smtp_server else Level.NOTE
        yield Line(level, "ONCALL_EMAILS", "nobody is named, so nobody is escalated to", advice)
    if not settings.smtp_server:
        advice = "Ask your mail administrator for SMTP_SERVER, EMAIL_USER and EMAIL_PASSWORD."
        yield Line(Level.NOTE, "SMTP_SERVER", "not set: no mail is sent", advice)
    if not settings.teams_webhook_url.get_secret_value():
        advice = "In Teams: Workflows, 'Post to a channel when a webhook request is received'."
        yield Line(Level.NOTE, "TEAMS_WEBHOOK_URL", "not set: nothing is posted to Teams", advice)
    if not settings.airflow_url:
        advice = "Set AIRFLOW_URL, and AIRFLOW_TOKEN or a user and password."
        yield Line(Level.NOTE, "AIRFLOW_URL", "not set: actions on Airflow are a dry run", advice)


def _unwise(settings: Settings) -> Iterator[Line]:
    if settings.exposed and not settings.public_url:
        what = f"not set, so cards link to {settings.address}"
        yield Line(Level.WARNING, "PUBLIC_URL", what, "Set it to the address that people open.")
    if settings.exposed and settings.public_url.startswith("http://"):
        what = "is not https: sign-ins cross the network in the clear"
        yield Line(Level.WARNING, "PUBLIC_URL", what, "Put a proxy with a certificate in front.")
    if settings.exposed and settings.demo:
        what = "is true while others can reach the program"
        yield Line(Level.WARNING, "DEMO", what, "Leave it out where real incidents are handled.")
    airflow = urlsplit(settings.airflow_url)
    if airflow.scheme == "http" and not is_loopback(airflow.hostname or ""):
        what = "is not https: its password crosses the network in the clear"
        yield Line(Level.WARNING, "AIRFLOW_URL", what, "Use https if the server has it.")


def _readable(settings: Settings) -> Iterator[Line]:
    """Files with secrets that every user of this machine may read."""
    files = {settings.origin(name) for name in SECRET} - {"", "the environment"}
    for file in sorted(files):
        if _others_may_read(Path(file)):
            yield Line(
                Level.WARNING, file, "holds secrets, and every user of this machine may read it", f"chmod 600 {file}"
            )


def _others_may_read(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _defaults(settings: Settings) -> Line:
    count = sum(not _is_set(settings, name) for name in FIELDS)
    return Line(Level.OK, "Defaults", f"{count} of {len(FIELDS)} settings; .env.example says why each is what it is")
