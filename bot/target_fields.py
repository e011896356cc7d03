"""The variables of the systems that are acted on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bot import values
from bot.chat_fields import ChatFields
from bot.kinds import Names


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
    airflow_dags: Names = Field(
        (),
        examples=["orders_*,billing"],
        description="DAGs that may be acted on, with commas between and * for any characters: * alone is all. Empty"
        " means none.",
    )
    airflow_timeout: float = Field(
        10.0,
        ge=0.1,
        le=300,
        allow_inf_nan=False,
        description="How long one answer of Airflow may take, in seconds. 10 gives a busy webserver time, and a"
        " person still waits.",
    )

    # Kubernetes
    kubernetes_config: str = Field(
        "",
        examples=["in-cluster"],
        description="How the cluster is reached: in-cluster where the program runs in a pod with a service account, or"
        " the path of a kubeconfig. Empty means a dry run.",
    )
    kubernetes_namespaces: Names = Field(
        (),
        examples=["payments,etl-*"],
        description="Namespaces in which pods and deployments may be acted on, with commas between and * for any"
        " characters. Empty means none.",
    )
    kubernetes_nodes: Names = Field(
        (),
        examples=["worker-*"],
        description="Nodes that may be cordoned and drained, written likewise. Empty means none.",
    )

    # Spark
    spark_master_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "",
        examples=["http://spark-master:8080"],
        description="Web page of a Spark standalone master. Empty means a dry run. With it, SPARK_REST_URL is needed.",
    )
    spark_rest_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "",
        examples=["http://spark-master:6066"],
        description="REST submission server of that master (spark.master.rest.enabled).",
    )
    spark_requests: str = Field(
        "",
        examples=["/etc/oncall/spark"],
        description="Folder of kept submission requests, one JSON file an application, by which it is submitted again."
        " Spark keeps none, so without it an application can be killed and not restarted.",
    )
    spark_applications: Names = Field(
        (),
        examples=["etl-*,nightly_report"],
        description="Names of the applications that may be acted on, with commas between and * for any characters."
        " Empty means none.",
    )
    spark_token: SecretStr = Field(
        SecretStr(""),
        examples=["<a token>"],
        description="Bearer token for a REST server behind spark.master.rest.filters; by default it asks for none.",
    )

    # Databases
    postgresql_urls: SecretStr = Field(
        SecretStr(""),
        examples=["postgresql://oncall_agent:<password>@db:5432/postgres"],
        description="PostgreSQL servers that may be looked at, with commas between, each as its clients name it in"
        " their logs. Empty means a dry run.",
    )
    postgresql_may_act_on: Names = Field(
        (),
        examples=["db:5432/orders,db:5433/*"],
        description="Databases that may be acted on, as host:port/database with * for any characters. Empty means"
        " none.",
    )
    pgbouncer_urls: SecretStr = Field(
        SecretStr(""),
        examples=["postgresql://oncall_agent:<password>@db:6432/pgbouncer"],
        description="Admin consoles of PgBouncer, with commas between. Empty means a dry run.",
    )
    pgbouncer_may_act_on: Names = Field(
        (),
        examples=["db:6432/*"],
        description="Pools that may be acted on, written as POSTGRESQL_MAY_ACT_ON. Empty means none.",
    )

    mysql_urls: SecretStr = Field(
        SecretStr(""),
        examples=["mysql://oncall_agent:<password>@db:3306/mysql"],
        description="MySQL and MariaDB servers that may be looked at, written as POSTGRESQL_URLS. Empty means a dry"
        " run.",
    )
    mysql_may_act_on: Names = Field(
        (),
        examples=["db:3306/*"],
        description="Databases that may be acted on, written as POSTGRESQL_MAY_ACT_ON. Empty means none.",
    )

    # Services
    services_allowed: Names = Field(
        (),
        examples=["nginx,airflow-*"],
        description="Units of systemd or containers of Docker that may be restarted, with commas between and * for any"
        " characters. Empty means none.",
    )
    services_bus: str = Field(
        "system",
        description="Where systemd is asked: system, user, or the full path of a bus' socket.",
    )
    services_docker: str = Field(
        "",
        examples=["/var/run/docker.sock"],
        description="Full path of Docker's socket, asked where systemd has no such unit. Empty means that Docker is not"
        " asked.",
    )
    services_stable_seconds: float = Field(
        10.0,
        ge=0,
        le=240,
        allow_inf_nan=False,
        description="A restarted service counts as mended once it has been up for so many seconds. 10 outlasts one that"
        " ends at once on a wrong setting; take more for one that starts slowly and then falls. At most 240, because a"
        " restart is judged within five minutes.",
    )
    http_health_hosts: Names = Field(
        (),
        examples=["orders.example.com,10.0.0.7:8080"],
        description="Hosts, with a port if it is not the usual one, that health_check may ask, with commas between."
        " Empty means none.",
    )
    http_health_timeout: float = Field(
        10.0,
        ge=0.1,
        le=25,
        allow_inf_nan=False,
        description="How long a web address may take to answer before it counts as down, in seconds. 10 is longer than"
        " a person would wait for a page; at most 25, because the whole check is given up after 30.",
    )
