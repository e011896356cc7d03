"""The variables of the systems that are acted on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bot import values
from bot.chat_fields import ChatFields


class Fields(ChatFields):
    """One field a variable, in the order of ``.env.example``."""

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
