"""What the program can be told from outside: a variable a field, with its meaning, its unit and its default's reason.

The same sentences stand in ``.env.example``; a test keeps the two equal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import values
from bot.variables import ENV_FILE, Known, Reading, Trouble, read
from engine.errors import Misconfigured

PLACEHOLDER = "your-secret-key-here"
"""The documented default of SECRET_KEY. Everybody knows it, so it counts as no key at all."""

Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(values.items)]
Emails: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(values.email)], ...], BeforeValidator(values.items)]
Phones: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(values.phone)], ...], BeforeValidator(values.items)]
Folders: TypeAlias = Annotated[
    tuple[Annotated[Path, AfterValidator(values.folder)], ...], BeforeValidator(values.items)
]
LogLevel: TypeAlias = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(values.upper)]
LogFormat: TypeAlias = Annotated[Literal["auto", "json", "console"], BeforeValidator(values.lower)]
Word: TypeAlias = Annotated[str, AfterValidator(values.name)]

_MAY_BE_EMPTIED: dict[str, Any] = {"emptied": True}


class Settings(BaseSettings):
    """All settings, frozen. ``Settings()`` and ``load`` read the environment and ``.env``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    # The program
    host: Annotated[str, AfterValidator(values.host)] = Field(
        "127.0.0.1",
        description="Address to listen on. The default lets nobody but this machine in; 0.0.0.0 listens on all"
        " addresses and wants a SECRET_KEY of your own.",
    )
    port: int = Field(
        8000,
        ge=1,
        le=65535,
        description="TCP port of the chat endpoints, the API and the pages. 8000: below 1024 it would need root.",
    )
    public_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "",
        examples=["https://oncall.example.com"],
        description="Address under which people and chat platforms reach this program; links on cards begin with it."
        " Empty means http://HOST:PORT, which is right on one machine only.",
    )
    environment: Word = Field(
        "production",
        description="Name of the systems that are watched. Outcomes are learned under it, since what mends staging"
        " may not mend production.",
    )
    demo: bool = Field(
        default=False,
        description="true plays the guided example: samples are written into a watched log, and anybody at this"
        " machine may play any of three people. false, because a real room must never see invented"
        " incidents.",
    )
    database_url: Annotated[SecretStr, AfterValidator(values.database)] = Field(
        SecretStr("sqlite:///./data/incidents.db"),
        description="Where incidents are kept: sqlite:///file, postgresql://user:password@host:5432/name or"
        " mysql://user:password@host:3306/name. A file needs no server, so it is the default; its folder also holds"
        " secret.key.",
    )

    # Who may do what
    secret_key: SecretStr = Field(
        SecretStr(PLACEHOLDER),
        examples=["<48 random characters>"],
        description="Signs sessions and API tokens; at least 32 characters, made by: openssl rand -hex 32. The default"
        " counts as unset: on this machine only, a random key is made and kept; where others can reach the program, it"
        " refuses to start.",
    )
    access_token_expire_minutes: int = Field(
        30,
        ge=1,
        le=43200,
        description="How long a sign-in to the API lasts, in minutes. 30 is one incident's worth; a lost token is"
        " useless soon. There is no API yet; a sign-in to the web chat lasts 12 hours.",
    )
    admins: Names = Field(
        (),
        examples=["alice,bob@example.com"],
        description="User names or e-mail addresses of the first admins, with commas between. They give everybody"
        " else a role. Empty, because nobody may approve anything unless you say so.",
    )

    # Telling people
    oncall_emails: Emails = Field(
        (),
        examples=["oncall-primary@example.com,oncall-secondary@example.com"],
        description="E-mail addresses of those on call, first to be told first, with commas between.",
    )
    oncall_phones: Phones = Field(
        (),
        examples=["+1234567890,+0987654321"],
        description="Telephone numbers of those on call, with commas between. Kept for escalation cards; the"
        " program itself calls nobody.",
    )
    smtp_server: Annotated[str, AfterValidator(values.host_if_any)] = Field(
        "",
        examples=["smtp.example.com"],
        description="Mail server for our mail. Empty means none. With it, EMAIL_USER and EMAIL_PASSWORD are"
        " needed. So far `oncall check` talks to it, and no mail is sent yet.",
    )
    smtp_port: int = Field(
        587,
        ge=1,
        le=65535,
        description="TCP port of the mail server. 587 is the one for programs that sign in, with STARTTLS.",
    )
    email_user: str = Field(
        "",
        examples=["alerts@example.com"],
        description="User at the mail server, and sender of our mail.",
    )
    email_password: SecretStr = Field(
        SecretStr(""),
        examples=["<an app password>"],
        description="Password at the mail server. Use an app password, which can be taken back alone.",
    )
    teams_webhook_url: Annotated[SecretStr, AfterValidator(values.secret_address)] = Field(
        SecretStr(""),
        examples=["https://<the address that the Workflows app shows>"],
        description="Microsoft Teams webhook for escalations; https only. Whoever knows it can post, so it is"
        " treated as a secret. So far `oncall check` looks at its form, and nothing is posted yet.",
    )
    incident_room: Word = Field(
        "incidents",
        description="Room in which new incidents are announced, without a #.",
    )
    escalate_minutes: int = Field(
        15,
        ge=1,
        le=10080,
        description="An incident that waits for a person this many minutes is escalated to the next on call. 15 is"
        " time to find a laptop.",
    )

    # Deciding
    confidence_threshold: float = Field(
        0.7,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Least probability (0 to 1) that the proposed action helps; below it the incident is handed to a"
        " person at once. 0.7 means that seven of ten such proposals help.",
    )
    max_automation_actions: int = Field(
        5,
        ge=0,
        le=100,
        description="How many actions one incident may see before only a person goes on. 5, because what five actions"
        " did not mend, a sixth makes worse.",
    )
    enable_risk_assessment: bool = Field(
        default=True,
        description="true weighs the risk of an action before it is proposed; false proposes by confidence alone.",
    )
    approval_minutes: int = Field(
        30,
        ge=1,
        le=1440,
        description="A proposal older than this many minutes is looked at anew before it can be approved, since its"
        " target may have changed.",
    )
    quiet_minutes: int = Field(
        60,
        ge=1,
        le=10080,
        description="A resolved incident whose failure comes back within this many minutes is reopened; after that it"
        " is closed, and the same failure is a new incident. An hour covers most retries.",
    )
    cleanup_roots: Folders = Field(
        (),
        examples=["/var/log/airflow,/srv/spark/work"],
        description="Full paths of the folders in which cleanup_logs may delete, with commas between. Empty means"
        " none: deleting needs your word.",
    )

    # Reading logs
    log_paths: Names = Field(
        (),
        examples=["/var/log/app/*.log,logs/application.log"],
        description="Log files to read, with commas between. Empty means /var/log/application.log, /var/log/error.log,"
        " /tmp/application.log and logs/application.log.",
    )
    elasticsearch_url: Annotated[str, AfterValidator(values.web_address)] = Field(
        "http://localhost:9200",
        repr=False,
        json_schema_extra=_MAY_BE_EMPTIED,
        description="Elasticsearch that holds logs. The default is one on this machine. So far `oncall check`"
        " asks it, and logs are read from files only. Set to nothing, it is never asked.",
    )
    monitoring_interval: int = Field(
        30,
        ge=1,
        le=3600,
        description="Pause between two scans of the logs, in seconds. 30 is soon enough for people and light for the"
        " servers.",
    )

    # Airflow
    airflow_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "",
        examples=["https://airflow.example.com"],
        description="Airflow webserver. Empty means a dry run: actions on Airflow are shown, not done. With it,"
        " AIRFLOW_TOKEN or AIRFLOW_USERNAME and AIRFLOW_PASSWORD are needed.",
    )
    airflow_username: str = Field(
        "",
        examples=["oncall-agent"],
        description="User at Airflow; one that may read and clear task instances is enough.",
    )
    airflow_password: SecretStr = Field(
        SecretStr(""), examples=["<its password>"], description="Password of AIRFLOW_USERNAME at Airflow."
    )
    airflow_token: SecretStr = Field(
        SecretStr(""),
        examples=["<a token>"],
        description="Token for Airflow, instead of user and password.",
    )
    airflow_timeout: float = Field(
        10.0,
        ge=0.1,
        le=300,
        allow_inf_nan=False,
        description="How long one answer of Airflow may take, in seconds. 10 gives a busy webserver time, and a"
        " person still waits.",
    )

    # Our own log
    log_level: LogLevel = Field(
        "INFO",
        description="Least level of our own log: DEBUG, INFO, WARNING, ERROR or CRITICAL. INFO is a line for each thing"
        " that happened to an incident.",
    )
    log_format: LogFormat = Field(
        "auto",
        description="How our own log is written: json (a JSON object a line), console (for people), or auto: console"
        " where standard error is a terminal, else json.",
    )

    _reading: Reading = PrivateAttr(default=Reading())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - _Source stands in for it
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - _Source stands in for it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - _Source stands in for it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        reading = _read(os.environ, ENV_FILE)
        _refuse(reading.troubles)
        return init_settings, _Source(settings_cls, reading)

    @property
    def address(self) -> str:
        """Where people reach us: PUBLIC_URL, else http://HOST:PORT, without a slash at the end."""
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - recognised, not bound
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def exposed(self) -> bool:
        """Others than this machine can reach us: by HOST, or through a proxy that PUBLIC_URL gives away."""
        return not (is_loopback(self.host) and is_loopback(urlsplit(self.address).hostname or ""))

    @property
    def data_folder(self) -> Path:
        """Where files of our own are kept: beside the SQLite database, else ``data``."""
        scheme, _, rest = self.database_url.get_secret_value().partition("://")
        file = rest.removeprefix("/").partition("?")[0]
        if not scheme.startswith("sqlite") or not file or file.startswith((":", "file:")):
            return Path("data")
        return Path(file).parent

    @property
    def remarks(self) -> tuple[Trouble, ...]:
        """Variables that have no effect, such as misspelt ones."""
        return self._reading.remarks

    def origin(self, name: str) -> str:
        """Where a variable was set: ``the environment``, a file, or empty if it has its default."""
        return self._reading.origins.get(name, "")

    def secrets(self) -> tuple[str, ...]:
        """Every text that no log may show: secret values, and passwords inside addresses."""
        plain = (
            self.secret_key,
            self.email_password,
            self.teams_webhook_url,
            self.airflow_password,
            self.airflow_token,
        )
        urls = (self.database_url.get_secret_value(), self.elasticsearch_url)
        found = [*(one.get_secret_value() for one in plain), *(form for url in urls for form in _passwords(url))]
        return tuple(dict.fromkeys(text for text in found if text and text != PLACEHOLDER))


class _Source(PydanticBaseSettingsSource):
    """Hands the texts that were read to pydantic, which makes values of them."""

    def __init__(self, settings_cls: type[BaseSettings], reading: Reading) -> None:
        super().__init__(settings_cls)
        self._texts = {name.lower(): text for name, text in reading.texts.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._texts.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._texts)


FIELDS: Mapping[str, FieldInfo] = {name.upper(): field for name, field in Settings.model_fields.items()}
"""Every variable by its name in the environment."""

SECRET: frozenset[str] = frozenset(name for name, field in FIELDS.items() if field.annotation is SecretStr)
"""Those whose value is never shown, and which may also come from a file, by NAME_FILE."""


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment and ``.env``, or only from ``environ`` and the file its ENV_FILE names.

    Raises Misconfigured, whose message has a line for every variable that is wrong.
    """
    reading = _read(os.environ, ENV_FILE) if environ is None else _read(environ, "")
    try:
        # Without the plugin of pydantic, mypy does not see the keywords of BaseSettings.
        settings = Settings(_build_sources=((_Source(Settings, reading),), {}))  # type: ignore[call-arg]
    except ValidationError as error:
        # Not chained: pydantic's own message would show the values.
        wrong = (*reading.troubles, *values.explained(error, Settings.model_fields))
        raise refusal(wrong) from None
    _refuse(reading.troubles)
    settings._reading = reading  # noqa: SLF001 - a note for the check, written where the settings are made
    return settings


def _read(environ: Mapping[str, str], default_file: str) -> Reading:
    emptied = {name for name, field in FIELDS.items() if field.json_schema_extra == _MAY_BE_EMPTIED}
    return read(environ, Known(tuple(FIELDS), tuple(sorted(SECRET)), emptied), default_file)


def refusal(troubles: tuple[Trouble, ...]) -> Misconfigured:
    head = "One setting is wrong:" if len(troubles) == 1 else f"{len(troubles)} settings are wrong:"
    return Misconfigured("\n".join((head, *map(str, troubles))))


def _refuse(troubles: tuple[Trouble, ...]) -> None:
    if troubles:
        raise refusal(troubles)


def is_loopback(host: str) -> bool:
    """Only this machine is meant by it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _passwords(url: str) -> Iterator[str]:
    """The password in an address, as it stands there and as it is sent."""
    _, _, rest = url.partition("://")
    user, _, _ = rest.rpartition("@")
    _, _, password = user.partition(":")
    if password:
        yield from (password, unquote(password), quote(unquote(password), safe=""))
