"""The settings: read from the environment and ``.env``, checked, and never shown with a secret in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pydantic import PrivateAttr, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import values
from bot.fields import PLACEHOLDER
from bot.kinds import MAY_BE_EMPTIED
from bot.target_fields import Fields
from bot.variables import ENV_FILE, Known, Reading, Trouble, read
from engine.errors import Misconfigured


class Settings(Fields):
    """All settings, frozen. ``Settings()`` and ``load`` read the environment and ``.env``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

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

    def database_servers(self) -> tuple[str, ...]:
        """The addresses of all database servers that are acted on, with their passwords."""
        lists = (self.postgresql_urls, self.pgbouncer_urls, self.mysql_urls)
        return tuple(url for one in lists for url in values.items(one.get_secret_value()))

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
            self.slack_bot_token,
            self.slack_app_token,
            self.slack_signing_secret,
            self.teams_app_password,
            self.spark_token,
        )
        urls = (self.database_url.get_secret_value(), self.elasticsearch_url, *self.database_servers())
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
    emptied = {name for name, field in FIELDS.items() if field.json_schema_extra == MAY_BE_EMPTIED}
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
