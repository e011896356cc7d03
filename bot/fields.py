"""Every variable that the program can be told from outside, with its meaning, its unit and its default's reason.

The same sentences stand in ``.env.example``; a test keeps the two equal. Those of chat platforms and of target systems
have files of their own.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from bot import values
from bot.kinds import MAY_BE_EMPTIED, Emails, Folders, LogFormat, LogLevel, Names, Phones, Risks, Windows, Word

PLACEHOLDER = "your-secret-key-here"
"""The documented default of SECRET_KEY. Everybody knows it, so it counts as no key at all."""


class ProgramFields(BaseSettings):
    """The program itself: what it may do, whom it tells, what it reads."""

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
        description="E-mail addresses of those on call, first to be told first, with commas between. Who has no account"
        " yet gets one as responder; an admin gives more.",
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
        " treated as a secret. It is told of escalations, and nothing can be approved through it.",
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

    storm_cards: int = Field(
        10,
        ge=1,
        le=1000,
        description="How many new incidents a room is shown one by one in five minutes; further ones stand in one"
        " digest. 10, because nobody reads more than two cards a minute.",
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
    wrong_at_most: float = Field(
        0.25,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="Share of proposals that may fail (0 to 1). An action that fails more often here needs more"
        " confidence each time, before it is proposed without a warning; one that fails less often needs less."
        " CONFIDENCE_THRESHOLD is where it begins.",
    )
    max_automation_actions: int = Field(
        5,
        ge=0,
        le=100,
        description="How many actions one incident may see before only a person goes on. 5, because what five actions"
        " did not mend, a sixth makes worse.",
    )
    max_actions_per_hour: int = Field(
        20,
        ge=0,
        le=1000,
        description="How many actions one target (Airflow, Kubernetes …) may see within an hour, over all incidents."
        " 20, because more are a storm, and a storm has one cause that no action of ours mends.",
    )
    change_windows: Windows = Field(
        (),
        examples=["mon-thu 09:00-17:00 Europe/Berlin,fri 09:00-12:00 Europe/Berlin"],
        description="Times of the week in which actions of more than low risk may run, with commas between. Empty means"
        " always.",
    )
    service_catalogue: str = Field(
        "",
        examples=["/etc/oncall/services.toml"],
        description="TOML file that says which service what belongs to, what depends on it, who owns it and when it may"
        " be changed; docs/services.toml explains every key. A changed file counts within MONITORING_INTERVAL."
        " Empty means that no service is known.",
    )
    risks: Risks = Field(
        (),
        examples=["drain_node=high,restart_dag_task@staging=low"],
        description="How risky an action is, where you know better than its target: action=low, medium or high, or for"
        " one environment action@environment=…, with commas between.",
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
        " target may have changed. What was approved, and could not begin for as long, is proposed afresh.",
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
        json_schema_extra=MAY_BE_EMPTIED,
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
