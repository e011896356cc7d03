"""Settings: where they come from, what is wrong with them, and that nobody is told a secret."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.dangers import dangers, refuse_dangers
from bot.fields import PLACEHOLDER
from bot.settings import FIELDS, SECRET, Settings, load
from bot.signing_key import keep, key_file, signing_key
from bot.values import written
from engine.errors import Misconfigured

ROOT = Path(__file__).parents[2]
GOOD_KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
TEAMS_ID = "11111111-2222-3333-4444-555555555555"


def from_file(tmp_path: Path, text: str, **environ: str) -> Settings:
    file = tmp_path / "some.env"
    file.write_text(text, "utf-8")
    return load({"ENV_FILE": str(file), **environ})


def complaint(**environ: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(environ)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


# ---- Reading ----


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
        "AIRFLOW_DAGS": "*",
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


# ---- Secrets from files ----


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


# ---- What is wrong ----

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


# ---- Dangers ----

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here
SERVED = {"HOST": EVERYWHERE}
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


# ---- The kept key ----


def test_a_good_key_is_used_as_it_is(tmp_path: Path) -> None:
    settings = load({"SECRET_KEY": GOOD_KEY, "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"})
    assert signing_key(settings) == GOOD_KEY
    assert list(tmp_path.iterdir()) == []


def test_on_this_machine_a_key_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    settings = load({"DATABASE_URL": f"sqlite:///{tmp_path}/data/x.db"})
    key = signing_key(settings)
    assert len(key) == 64
    assert signing_key(settings) == key
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert stat.S_IMODE(key_file(settings).stat().st_mode) == 0o600


def test_programs_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    program = "from bot.settings import load; from bot.signing_key import signing_key; print(signing_key(load()))"
    runs = [
        subprocess.Popen([sys.executable, "-c", program], env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({run.communicate(timeout=60)[0] for run in runs}) == 1
    assert [run.returncode for run in runs] == [0] * 4


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    keep(tmp_path / "secret.key", "first")
    keep(tmp_path / "secret.key", "second")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["first\n"]


def test_a_key_is_never_made_where_others_can_reach_us(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        signing_key(load({**SERVED, "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    settings = load({"DATABASE_URL": f"sqlite:///{tmp_path}/x.db"})
    key_file(settings).write_text("short\n")
    with pytest.raises(Misconfigured, match="Delete the file"):
        signing_key(settings)


def test_a_key_that_cannot_be_kept_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="Set SECRET_KEY instead"):
        signing_key(load({"DATABASE_URL": f"sqlite:///{tmp_path}/file/x.db"}))


# ---- What follows from them ----


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


# ---- .env.example ----

BLOCK = re.compile(r"((?:^# .*\n)+?)^(?:# )?([A-Z_]+)=(.*)$", re.MULTILINE)


def example() -> dict[str, tuple[str, str]]:
    """Comment and value of each variable in ``.env.example``."""
    text = (ROOT / ".env.example").read_text("utf-8")
    found = {}
    for comment, name, value in BLOCK.findall(text.partition("# ----")[2]):
        lines = [line.removeprefix("# ") for line in comment.splitlines() if not line.startswith("# Example: ")]
        found[name] = (" ".join(lines), value)
    return found


def test_the_example_holds_every_variable_in_order_with_its_default() -> None:
    assert {name: value for name, (_, value) in example().items()} == {
        name: written(field.default) for name, field in FIELDS.items()
    }
    assert list(example()) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_explains_every_variable_in_the_same_words(name: str) -> None:
    assert example()[name][0] == FIELDS[name].description


@pytest.mark.parametrize("name", FIELDS)
def test_every_description_says_something(name: str) -> None:
    description = FIELDS[name].description or ""
    assert description.endswith(".")
    assert len(description) > 30
    if isinstance(FIELDS[name].default, int | float) and not isinstance(FIELDS[name].default, bool):
        assert re.search(r"minutes?|seconds|\(0 to 1\)|port|How many", description), "a number has a unit"


def test_the_example_as_it_is_gives_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assert from_file(tmp_path, text).model_dump() == load({}).model_dump()


def test_the_example_with_every_comment_taken_off_gives_the_defaults_too(tmp_path: Path) -> None:
    lines = (line.removeprefix("# ") for line in (ROOT / ".env.example").read_text("utf-8").splitlines())
    settings = from_file(tmp_path, "\n".join(line for line in lines if re.match(r"[A-Z_]+=", line)))
    assert settings.model_dump(exclude={"elasticsearch_url"}) == load({}).model_dump(exclude={"elasticsearch_url"})
    assert settings.remarks == ()


def test_every_example_is_a_right_value() -> None:
    examples = {name: str(field.examples[0]) for name, field in FIELDS.items() if field.examples}
    usable = {name: text for name, text in examples.items() if "<" not in text}
    assert load(usable).model_fields_set == {name.lower() for name in usable}


def test_lines_of_the_example_fit_a_screen() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 120
