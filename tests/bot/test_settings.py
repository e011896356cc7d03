"""Settings: where they come from, what is wrong with them, and that nobody is told a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.dangers import dangers
from bot.settings import FIELDS, SECRET, load
from bot.values import written
from engine.errors import Misconfigured
from tests.bot.some_settings import EVERYWHERE, GOOD_KEY, ROOT, from_file


def complaint(**environ: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(environ)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_the_documented_defaults() -> None:
    settings = load({})
    assert {name: written(getattr(settings, name.lower())) for name in FIELDS} == {
        "HOST": "127.0.0.1",
        "PORT": "8000",
        "PUBLIC_URL": "",
        "ENVIRONMENT": "production",
        "DEMO": "false",
        "DATABASE_URL": "sqlite:///./data/incidents.db",
        "SECRET_KEY": "your-secret-key-here",
        "ACCESS_TOKEN_EXPIRE_MINUTES": "30",
        "ADMINS": "",
        "ONCALL_EMAILS": "",
        "ONCALL_PHONES": "",
        "SMTP_SERVER": "",
        "SMTP_PORT": "587",
        "EMAIL_USER": "",
        "EMAIL_PASSWORD": "",
        "TEAMS_WEBHOOK_URL": "",
        "INCIDENT_ROOM": "incidents",
        "ESCALATE_MINUTES": "15",
        "STORM_CARDS": "10",
        "SLACK_BOT_TOKEN": "",
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": "",
        "SLACK_CHANNEL": "incidents",
        "SLACK_ROUTES": "",
        "SLACK_API_URL": "https://slack.com/api",
        "TEAMS_APP_ID": "",
        "TEAMS_APP_PASSWORD": "",
        "TEAMS_TENANT_ID": "",
        "TEAMS_CHANNEL": "incidents",
        "TEAMS_ROUTES": "",
        "TEAMS_PLAYGROUND": "false",
        "TEAMS_OPENID_URL": "https://login.botframework.com/v1/.well-known/openidconfiguration",
        "TEAMS_ISSUER": "https://api.botframework.com",
        "TEAMS_LOGIN_URL": "https://login.microsoftonline.com",
        "CONFIDENCE_THRESHOLD": "0.7",
        "MAX_AUTOMATION_ACTIONS": "5",
        "MAX_ACTIONS_PER_HOUR": "20",
        "CHANGE_WINDOWS": "",
        "ENABLE_RISK_ASSESSMENT": "true",
        "APPROVAL_MINUTES": "30",
        "QUIET_MINUTES": "60",
        "CLEANUP_ROOTS": "",
        "LOG_PATHS": "",
        "ELASTICSEARCH_URL": "http://localhost:9200",
        "MONITORING_INTERVAL": "30",
        "AIRFLOW_URL": "",
        "AIRFLOW_USERNAME": "",
        "AIRFLOW_PASSWORD": "",
        "AIRFLOW_TOKEN": "",
        "AIRFLOW_TIMEOUT": "10",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "auto",
        "KUBERNETES_CONFIG": "",
        "KUBERNETES_NAMESPACES": "",
        "KUBERNETES_NODES": "",
        "SPARK_MASTER_URL": "",
        "SPARK_REST_URL": "",
        "SPARK_REQUESTS": "",
        "SPARK_APPLICATIONS": "",
        "SPARK_TOKEN": "",
        "POSTGRESQL_URLS": "",
        "POSTGRESQL_MAY_ACT_ON": "",
        "PGBOUNCER_URLS": "",
        "PGBOUNCER_MAY_ACT_ON": "",
        "SERVICES_ALLOWED": "",
        "SERVICES_BUS": "system",
        "SERVICES_DOCKER": "",
        "HTTP_HEALTH_HOSTS": "",
        "RISKS": "",
        "MYSQL_URLS": "",
        "MYSQL_MAY_ACT_ON": "",
        "WRONG_AT_MOST": "0.25",
        "AIRFLOW_DAGS": "",
        "SERVICE_CATALOGUE": "",
        "SERVICES_STABLE_SECONDS": "10",
        "HTTP_HEALTH_TIMEOUT": "10",
    }
    assert dangers(settings) == []


def test_the_complete_example_of_the_documents_is_accepted(tmp_path: Path) -> None:
    settings = from_file(
        tmp_path,
        """\
        DATABASE_URL=postgresql://oncall:password@localhost:5432/oncall_agent
        SECRET_KEY=your-super-secret-key-here
        SMTP_SERVER=smtp.gmail.com
        EMAIL_USER=alerts@company.com
        EMAIL_PASSWORD=app-specific-password
        TEAMS_WEBHOOK_URL=https://company.webhook.office.com/webhookb2/12345678-1234@1234/IncomingWebhook/abc/1234
        ONCALL_EMAILS=oncall-primary@company.com,oncall-secondary@company.com,manager@company.com
        ONCALL_PHONES=+1234567890,+0987654321
        CONFIDENCE_THRESHOLD=0.7
        ENABLE_RISK_ASSESSMENT=true
        ELASTICSEARCH_URL=http://localhost:9200
        LOG_LEVEL=INFO
        """,
    )
    assert settings.oncall_phones == ("+1234567890", "+0987654321")
    assert len(settings.oncall_emails) == 3
    assert settings.teams_webhook_url.get_secret_value().endswith("/abc/1234")
    assert dangers(settings) == []
    assert settings.remarks == ()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "PORT=8001\nLOG_LEVEL=debug\n", PORT="8002")
    assert (settings.port, settings.log_level) == (8002, "DEBUG")
    assert settings.origin("PORT") == "the environment"
    assert settings.origin("LOG_LEVEL").endswith("some.env")
    assert settings.origin("HOST") == ""


def test_lists_are_written_with_commas() -> None:
    settings = load({"ADMINS": " a@b.c, d,,a@b.c", "LOG_PATHS": "/a b/x.log,y.log", "CLEANUP_ROOTS": "/srv/a,/srv/b"})
    assert settings.admins == ("a@b.c", "d")
    assert settings.log_paths == ("/a b/x.log", "y.log")
    assert settings.cleanup_roots == (Path("/srv/a"), Path("/srv/b"))


def test_an_empty_variable_is_an_unset_one_but_elasticsearch_can_be_turned_off() -> None:
    settings = load({"PORT": "", "DATABASE_URL": "", "DEMO": "", "ELASTICSEARCH_URL": ""})
    assert (settings.port, settings.elasticsearch_url) == (8000, "")
    assert settings.model_fields_set == {"elasticsearch_url"}


def test_a_password_is_taken_as_it_stands(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "EMAIL_PASSWORD='p${HOME}#1 $x'\nAIRFLOW_TOKEN=a#b$c\n")
    assert settings.email_password.get_secret_value() == "p${HOME}#1 $x"
    assert settings.airflow_token.get_secret_value() == "a#b$c"


def test_a_file_of_another_editor_is_read_too(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "\ufeffPORT=8001\r\nexport LOG_LEVEL=ERROR # quiet\r\n")
    assert (settings.port, settings.log_level) == (8001, "ERROR")


def test_settings_called_in_the_documented_way_read_the_environment_and_dot_env(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8003\n")
    program = "from bot.settings import Settings, load; print(Settings().port, load().port, Settings().host)"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOST": "::1"}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["8003", "8003", "::1"]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load({}).port = 1


@pytest.mark.parametrize("name", sorted(SECRET))
def test_every_secret_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("https://u:pässwörd@h\n" if name != "DATABASE_URL" else "mysql://u:p@h/x\n", "utf-8")
    settings = load({f"{name}_FILE": str(secret)})
    assert getattr(settings, name.lower()).get_secret_value() == secret.read_text("utf-8").strip()
    assert settings.origin(name) == str(secret)


def test_a_secret_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SECRET_KEY: is set, and so is SECRET_KEY_FILE"):
        from_file(tmp_path, f"SECRET_KEY={GOOD_KEY}\n", SECRET_KEY_FILE="/run/secrets/key")


def test_a_secrets_file_must_be_there_and_hold_something(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "cannot be read: No such file" in complaint(SECRET_KEY_FILE=str(tmp_path / "none"))
    assert "which is empty" in complaint(EMAIL_PASSWORD_FILE=str(tmp_path / "empty"))
    assert "not UTF-8" in complaint(EMAIL_PASSWORD_FILE=str(tmp_path / "binary"))


WRONG = {
    "PORT": ("abc", "PORT: 'abc' is not a whole number. Write for example PORT=8000"),
    "SMTP_PORT": ("70000", "SMTP_PORT: '70000' is more than 65535. Write for example SMTP_PORT=587"),
    "CONFIDENCE_THRESHOLD": ("7", "CONFIDENCE_THRESHOLD: '7' is more than 1."),
    "AIRFLOW_TIMEOUT": ("nan", "AIRFLOW_TIMEOUT: 'nan' is not a number."),
    "MONITORING_INTERVAL": ("0", "MONITORING_INTERVAL: '0' is less than 1."),
    "DEMO": ("perhaps", "DEMO: 'perhaps' is neither true nor false."),
    "LOG_LEVEL": ("loud", "LOG_LEVEL: 'LOUD' is none of 'DEBUG', 'INFO',"),
    "HOST": ("a b", "HOST: 'a b' is not the name or address of a machine."),
    "PUBLIC_URL": (
        "oncall.example.com",
        "PUBLIC_URL: 'oncall.example.com' is not an address such as https://host:port.",
    ),
    "AIRFLOW_URL": (
        "https://me:hunter2@airflow",
        "AIRFLOW_URL: 'https://me:[redacted]@airflow' holds a user and a password",
    ),
    "ELASTICSEARCH_URL": (
        "http://me:hunter2@h:99999",
        "ELASTICSEARCH_URL: 'http://me:[redacted]@h:99999' is not an address",
    ),
    "ONCALL_EMAILS": ("a@b,c", "ONCALL_EMAILS: 'c' is not an e-mail address."),
    "ONCALL_PHONES": ("me", "ONCALL_PHONES: 'me' is not a telephone number."),
    "CLEANUP_ROOTS": ("/srv/../etc", "CLEANUP_ROOTS: '/srv/../etc' is not the full path of a folder below /."),
    "DATABASE_URL": ("oracle://me:hunter2@h/x", "DATABASE_URL: its value does not begin with sqlite://"),
    "TEAMS_WEBHOOK_URL": ("hunter2", "TEAMS_WEBHOOK_URL: its value is not an address such as https://host:port."),
    "ENVIRONMENT": ("my place", "ENVIRONMENT: 'my place' is not one word"),
}


def test_every_wrong_variable_has_a_line_and_none_tells_a_secret() -> None:
    head, *lines = complaint(**{name: text for name, (text, _) in WRONG.items()}).splitlines()
    assert head == f"{len(WRONG)} settings are wrong:"
    assert len(lines) == len(WRONG)
    for _, said in WRONG.values():
        assert any(line.startswith(said) for line in lines), said
    assert all("Write for example" in line for line in lines)
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize("name", ["CLEANUP_ROOTS"])
@pytest.mark.parametrize("text", ["/", "logs", "~/logs", "//", "/srv/.."])
def test_nothing_dangerous_may_be_cleaned_up(name: str, text: str) -> None:
    assert name in complaint(**{name: text})


def test_malformed_lines_are_named_by_number_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        from_file(tmp_path, "\n# good\n\nPORT=x\nhunter2 hunter3\n\nLOG_LEVEL: INFO\nhunter4\nSECRET_KEY='hunter5\n")
    text = str(caught.value)
    assert text.startswith("5 settings are wrong:")
    assert re.findall(r"some\.env line (\d+): is not NAME=value", text) == ["5", "7", "8", "9"]
    assert "PORT: 'x' is not a whole number" in text
    assert "hunter" not in text


def test_the_file_that_env_file_names_must_be_there(tmp_path: Path) -> None:
    assert "none.env: cannot be read: No such file" in complaint(ENV_FILE=str(tmp_path / "none.env"))
    assert "cannot be read: Is a directory" in complaint(ENV_FILE=str(tmp_path))
    (tmp_path / "latin").write_bytes(b"ENVIRONMENT=caf\xe9\n")
    assert "is not UTF-8 text" in complaint(ENV_FILE=str(tmp_path / "latin"))


def test_unknown_names_are_remarked_on_with_the_nearest_right_one(tmp_path: Path) -> None:
    settings = from_file(
        tmp_path,
        "AIRFLOW_ULR=http://x\nport=1\nSECRET_KEY_FIL=/x\nCOLOUR=red\nENV_FILE=x\nPORT=1\nPORT=2\n",
        ONCALL_EMAIL="a@b",
        PATH="/bin",
    )
    assert settings.port == 2
    said = {remark.name: f"{remark.what} / {remark.advice}" for remark in settings.remarks}
    assert said.keys() == {"AIRFLOW_ULR", "port", "SECRET_KEY_FIL", "COLOUR", "ENV_FILE", "PORT", "ONCALL_EMAIL"}
    assert said["AIRFLOW_ULR"].endswith("Did you mean AIRFLOW_URL?")
    assert said["port"].endswith("Did you mean PORT?")
    assert said["SECRET_KEY_FIL"].endswith("Did you mean SECRET_KEY_FILE?")
    assert said["ONCALL_EMAIL"].startswith("in the environment")
    assert said["COLOUR"].endswith("Remove it; .env.example lists what there is.")
    assert said["PORT"].endswith("twice, in lines 6 and 7 / The last one counts.")


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": EVERYWHERE, "PORT": "81"}, "http://localhost:81"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
        ({"PUBLIC_URL": "https://a.example.com/oncall/"}, "https://a.example.com/oncall"),
    ],
)
def test_the_address_that_people_open(environ: dict[str, str], address: str) -> None:
    assert load(environ).address == address


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///./data/incidents.db", "data"),
        ("sqlite:////var/lib/oncall/x.db?timeout=5", "/var/lib/oncall"),
        ("sqlite+aiosqlite:///x.db", "."),
        ("postgresql://u:p@h/x", "data"),
    ],
)
def test_our_own_files_stand_beside_the_database(url: str, folder: str) -> None:
    assert load({"DATABASE_URL": url}).data_folder == Path(folder)


def test_all_secrets_are_known_also_those_inside_addresses() -> None:
    settings = load(
        {
            "SECRET_KEY": "k",
            "EMAIL_PASSWORD": "m",
            "TEAMS_WEBHOOK_URL": "https://t",
            "AIRFLOW_PASSWORD": "p",
            "AIRFLOW_TOKEN": "o",
            "DATABASE_URL": "postgresql://u:a%2Fb@h/x",
            "ELASTICSEARCH_URL": "http://u:e@h",
        }
    )
    assert set(settings.secrets()) == {"k", "m", "https://t", "p", "o", "a%2Fb", "a/b", "e"}
    assert load({}).secrets() == ()
    for secret in ("a%2Fb", "https://t", "'k'", "'m'", "u:e@h"):
        assert secret not in repr(settings)
