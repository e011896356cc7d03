"""Settings that are right one by one and wrong together: with one of these the program does not start."""

from __future__ import annotations

from collections.abc import Iterator

from bot.fields import PLACEHOLDER
from bot.settings import Settings, is_loopback, refusal
from bot.variables import Trouble

SHORTEST_KEY = 32
"""Characters of SECRET_KEY. HMAC-SHA256 wants 32 bytes (RFC 7518, section 3.2)."""

FEWEST_DIFFERENT = 8
"""Different characters in SECRET_KEY; a random one of 32 hexadecimal digits has about 14."""

MAKE_KEY = "openssl rand -hex 32"


def dangers(settings: Settings) -> list[Trouble]:
    """What stops the program from starting. Empty if all is well."""
    return [
        *_key(settings),
        *_example(settings),
        *_mail(settings),
        *_slack(settings),
        *_teams(settings),
        *_airflow(settings),
    ]


def refuse_dangers(settings: Settings) -> None:
    """Raises Misconfigured with a line for every danger."""
    if troubles := dangers(settings):
        raise refusal(tuple(troubles))


def weakness(settings: Settings) -> str:
    """What is wrong with SECRET_KEY; empty if it is a good one."""
    key = settings.secret_key.get_secret_value()
    if key in ("", PLACEHOLDER):
        return "is not set"
    if len(key) < SHORTEST_KEY:
        return f"has {len(key)} characters; fewer than {SHORTEST_KEY} can be guessed"
    if len(set(key)) < FEWEST_DIFFERENT:
        return f"repeats {len(set(key))} different characters and can be guessed"
    return ""


def _key(settings: Settings) -> Iterator[Trouble]:
    weak = weakness(settings)
    if weak and settings.exposed:
        by = f"PUBLIC_URL {settings.public_url}" if is_loopback(settings.host) else f"HOST {settings.host}"
        yield Trouble("SECRET_KEY", f"{weak}, while others can reach the program by {by}", f"Make one: {MAKE_KEY}")


def _example(settings: Settings) -> Iterator[Trouble]:
    if settings.demo and settings.exposed:
        what = "is true while others can reach the program: the guided example lets everybody be anybody"
        yield Trouble("DEMO", what, "Leave it out.")


def _mail(settings: Settings) -> Iterator[Trouble]:
    if settings.smtp_server and not settings.email_user:
        yield Trouble("EMAIL_USER", "is not set, but SMTP_SERVER is", "Set it, or leave SMTP_SERVER out.")
    if settings.smtp_server and not settings.email_password.get_secret_value():
        yield Trouble("EMAIL_PASSWORD", "is not set, but SMTP_SERVER is", "Set it, or leave SMTP_SERVER out.")


def _slack(settings: Settings) -> Iterator[Trouble]:
    bot, app = settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value()
    if (app or settings.slack_signing_secret.get_secret_value()) and not bot:
        yield Trouble("SLACK_BOT_TOKEN", "is not set, but another of Slack's is", "Copy it from OAuth & Permissions.")
    if bot and not (app or settings.slack_signing_secret.get_secret_value()):
        advice = "Make one under Basic Information, App-Level Tokens, with connections:write."
        yield Trouble("SLACK_APP_TOKEN", "is not set, but SLACK_BOT_TOKEN is", advice)
    if bot and not bot.startswith("xoxb-"):
        yield Trouble("SLACK_BOT_TOKEN", "does not begin with xoxb-", "Copy the Bot User OAuth Token.")
    if app and not app.startswith("xapp-"):
        yield Trouble("SLACK_APP_TOKEN", "does not begin with xapp-", "Copy the App-Level Token.")


def _teams(settings: Settings) -> Iterator[Trouble]:
    webhook = settings.teams_webhook_url.get_secret_value()
    if webhook and not webhook.lower().startswith("https://"):
        yield Trouble("TEAMS_WEBHOOK_URL", "does not begin with https://", "Copy the whole address from Teams again.")
    if settings.teams_app_id and not settings.teams_app_password.get_secret_value():
        advice = "Make a client secret in the app registration, under Certificates & secrets."
        yield Trouble("TEAMS_APP_PASSWORD", "is not set, but TEAMS_APP_ID is", advice)
    if settings.teams_app_id and not settings.teams_tenant_id:
        yield Trouble("TEAMS_TENANT_ID", "is not set, but TEAMS_APP_ID is", "Entra shows it under Overview.")
    if settings.teams_playground and settings.teams_app_id:
        yield Trouble("TEAMS_PLAYGROUND", "is true, but TEAMS_APP_ID is set", "Leave one of them out.")
    if settings.teams_playground and settings.exposed:
        what = "is true while others can reach the program: whoever calls is believed"
        yield Trouble("TEAMS_PLAYGROUND", what, "Leave it out.")


def _airflow(settings: Settings) -> Iterator[Trouble]:
    password, token = settings.airflow_password.get_secret_value(), settings.airflow_token.get_secret_value()
    if not settings.airflow_url or token:
        return
    if not settings.airflow_username and not password:
        advice = "Set it, or AIRFLOW_USERNAME and AIRFLOW_PASSWORD; leave AIRFLOW_URL out for a dry run."
        yield Trouble("AIRFLOW_TOKEN", "is not set, but AIRFLOW_URL is", advice)
    elif not settings.airflow_username:
        yield Trouble("AIRFLOW_USERNAME", "is not set, but AIRFLOW_PASSWORD is", "Set it as well.")
    elif not password:
        yield Trouble("AIRFLOW_PASSWORD", "is not set, but AIRFLOW_USERNAME is", "Set it as well.")
