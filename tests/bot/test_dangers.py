"""Settings that are dangerous together."""

from __future__ import annotations

import pytest

from bot.dangers import dangers, refuse_dangers
from bot.fields import PLACEHOLDER
from bot.settings import load
from engine.errors import Misconfigured
from tests.bot.some_settings import GOOD_KEY, SERVED

TEAMS_ID = "11111111-2222-3333-4444-555555555555"

MAIL = {"SMTP_SERVER": "smtp.example.com", "EMAIL_USER": "me", "EMAIL_PASSWORD": "x"}

AIRFLOW = {"AIRFLOW_URL": "https://airflow.example.com"}


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, []),
        (SERVED, ["SECRET_KEY"]),
        ({**SERVED, "SECRET_KEY": PLACEHOLDER}, ["SECRET_KEY"]),
        ({**SERVED, "SECRET_KEY": GOOD_KEY[:31]}, ["SECRET_KEY"]),
        ({**SERVED, "SECRET_KEY": "abcdefg" * 6}, ["SECRET_KEY"]),
        ({**SERVED, "SECRET_KEY": GOOD_KEY[:32]}, []),
        ({"HOST": "192.168.1.2"}, ["SECRET_KEY"]),
        ({"HOST": "oncall.example.com"}, ["SECRET_KEY"]),
        ({"HOST": "::"}, ["SECRET_KEY"]),
        ({"PUBLIC_URL": "https://oncall.example.com"}, ["SECRET_KEY"]),
        ({"HOST": "::1"}, []),
        ({"HOST": "127.0.0.2", "PUBLIC_URL": "http://LOCALHOST:9"}, []),
        (MAIL, []),
        ({**MAIL, "EMAIL_USER": ""}, ["EMAIL_USER"]),
        ({"SMTP_SERVER": "smtp.example.com"}, ["EMAIL_USER", "EMAIL_PASSWORD"]),
        ({"TEAMS_WEBHOOK_URL": "http://example.com/x"}, ["TEAMS_WEBHOOK_URL"]),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, ["SLACK_APP_TOKEN"]),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, []),
        ({"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xoxb-1"}, ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]),
        ({"SLACK_APP_TOKEN": "xapp-1"}, ["SLACK_BOT_TOKEN"]),
        ({"TEAMS_APP_ID": TEAMS_ID}, ["TEAMS_APP_PASSWORD", "TEAMS_TENANT_ID"]),
        ({"TEAMS_APP_ID": TEAMS_ID, "TEAMS_APP_PASSWORD": "s", "TEAMS_TENANT_ID": TEAMS_ID}, []),
        ({"DEMO": "true"}, []),
        ({"DEMO": "true", "HOST": "::", "SECRET_KEY": GOOD_KEY}, ["DEMO"]),
        ({"TEAMS_PLAYGROUND": "true"}, []),
        ({"TEAMS_PLAYGROUND": "true", "HOST": "::", "SECRET_KEY": GOOD_KEY}, ["TEAMS_PLAYGROUND"]),
        (AIRFLOW, ["AIRFLOW_TOKEN"]),
        ({**AIRFLOW, "AIRFLOW_TOKEN": "x"}, []),
        ({**AIRFLOW, "AIRFLOW_USERNAME": "x"}, ["AIRFLOW_PASSWORD"]),
        ({**AIRFLOW, "AIRFLOW_PASSWORD": "x"}, ["AIRFLOW_USERNAME"]),
        ({**AIRFLOW, "AIRFLOW_USERNAME": "x", "AIRFLOW_PASSWORD": "x"}, []),
    ],
)
def test_settings_that_are_dangerous_together(environ: dict[str, str], names: list[str]) -> None:
    settings = load(environ)
    assert [trouble.name for trouble in dangers(settings)] == names
    if names:
        with pytest.raises(Misconfigured, match=names[0]):
            refuse_dangers(settings)


def test_a_key_that_is_refused_is_not_shown() -> None:
    settings = load({**SERVED, "SECRET_KEY": "hunter2-hunter2"})
    assert "hunter2" not in str(dangers(settings))
    assert "15 characters" in str(dangers(settings))
