"""A real Spark cluster on this machine: a master with its REST port and one worker, on free ports of 127.0.0.1.

Needs Java 17 or later (openjdk-17-jre-headless); Spark itself is installed into the cache on first use.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.servers import free_port, missing
from tests.servers.node import installed
from tests.servers.spark_java import options
from tests.waiting import PATIENCE

VERSION = "4.3.0"
ENDED = ("FINISHED", "FAILED", "KILLED", "ERROR")

# It is mended once the file exists; ``oom`` needs more than 512 MB of heap in its executor, and really runs out of it;
# ``collects`` wants more in its driver than spark.driver.maxResultSize.
PROGRAM = """
import os, sys, time
from pathlib import Path
from pyspark.sql import SparkSession
mode, mended = sys.argv[1], Path(sys.argv[2])
most = "1k" if mode == "collects" else "1g"
spark = SparkSession.builder.config("spark.driver.maxResultSize", most).getOrCreate()
if mode == "oom":
    size = "length(repeat('x', cast(500000000 + id as int))) as n"
    print(spark.range(1).selectExpr(size).collect())
if mode == "collects":
    print(spark.range(9000).collect())
driver = os.getppid()
while mode == "stuck" and not mended.exists() and os.getppid() == driver:
    time.sleep(0.2)
failed = mode == "broken" and not mended.exists()
spark.stop()
sys.exit(1 if failed else 0)
"""


@dataclass
class SparkCluster:
    """``home / "requests"`` has the kept requests. A ``broken`` or ``stuck`` application succeeds once mended."""

    home: Path
    spark_home: Path
    port: int
    master_url: str
    rest_url: str = ""
    seconds_to_start: float = 0.0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @cached_property
    def java(self) -> str:
        return options(self.spark_home, environment(self.spark_home))

    @property
    def requests(self) -> Path:
        return self.home / "requests"

    @property
    def address(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def mend(self, name: str) -> None:
        (self.home / f"{name}.mended").touch()

    def program(self, name: str, mode: str) -> list[str]:
        return [str(self.home / "program.py"), mode, str(self.home / f"{name}.mended")]

    def request(self, name: str, mode: str, memory: str = "512m", **properties: str) -> dict[str, Any]:
        """As spark-submit makes it for a Python program: without --master Spark would run it in the driver itself."""
        spark = {
            "spark.app.name": name,
            "spark.master": self.address,
            "spark.submit.deployMode": "cluster",
            "spark.driver.memory": "512m",
            "spark.executor.memory": memory,
            "spark.cores.max": "1",
            "spark.task.maxFailures": "1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.driver.extraJavaOptions": self.java,
            "spark.executor.extraJavaOptions": self.java,
            **properties,
        }
        return {
            "action": "CreateSubmissionRequest",
            "appResource": "",
            "clientSparkVersion": VERSION,
            "mainClass": "org.apache.spark.deploy.SparkSubmit",
            "appArgs": ["--master", self.address, "--executor-memory", memory, *self.program(name, mode)],
            "environmentVariables": environment(self.spark_home),
            "sparkProperties": spark,
        }

    def keep(self, request: Mapping[str, Any], file: str) -> None:
        (self.requests / f"{file}.json").write_text(json.dumps(request), "utf-8")

    async def submit(self, name: str, mode: str, memory: str = "512m") -> str:
        """Keep a request, send it, and return the submission's id."""
        request = self.request(name, mode, memory)
        self.keep(request, name)
        return await self.send(request)

    async def send(self, request: Mapping[str, Any]) -> str:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.post(f"{self.rest_url}/v1/submissions/create", json=request)
            return str(answer.json()["submissionId"])

    async def kill(self, submission: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            await client.post(f"{self.rest_url}/v1/submissions/kill/{submission}")
        await self.driver_is(submission, *ENDED)

    async def shown(self) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            return dict((await client.get(f"{self.master_url}/json/")).json())

    async def drivers(self) -> dict[str, dict[str, Any]]:
        shown = await self.shown()
        return {one["id"]: one for one in (*shown["activedrivers"], *shown["completeddrivers"])}

    async def apps(self, name: str) -> list[dict[str, Any]]:
        """Applications of this name, oldest first."""
        shown = await self.shown()
        found = [one for one in (*shown["activeapps"], *shown["completedapps"]) if one["name"] == name]
        return sorted(found, key=lambda one: int(one["starttime"]))

    async def driver_is(self, submission: str, *states: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while (found := (await self.drivers())[submission])["state"] not in states:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{submission} is still {found['state']}")
            await asyncio.sleep(0.3)
        return found

    async def app_is_there(self, name: str, count: int = 1) -> str:
        """Wait until so many applications of this name have registered; the id of the newest."""
        deadline = time.monotonic() + PATIENCE
        while len(found := await self.apps(name)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no application {name} registered")
            await asyncio.sleep(0.3)
        return str(found[-1]["id"])


def environment(spark_home: Path) -> dict[str, str]:
    return {
        "SPARK_HOME": str(spark_home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "PYTHONPATH": str(spark_home.parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }


def prepared() -> None:
    """All that is made once on a machine."""
    home = spark_home()
    options(home, environment(home))


def spark_home() -> Path:
    """Spark's folder, installed on first use."""
    if shutil.which("java") is None:
        missing("Java 17", "apt-get install -y --no-install-recommends openjdk-17-jre-headless")
    return installed(f"spark-{VERSION}", _install) / "pyspark"


def _install(folder: Path) -> None:
    line = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), f"pyspark=={VERSION}"]
    try:
        subprocess.run(line, check=True, capture_output=True, timeout=900)
    except (subprocess.SubprocessError, OSError) as error:
        missing(f"pyspark {VERSION} ({error})", " ".join(line))


@contextmanager
def started(line: list[str], spark: Path, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One of Spark's own processes; what it has started (drivers, executors) ends with it."""
    java = options(spark, environment(spark))
    env = {**os.environ, **environment(spark), "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": java}
    command = ["bash", str(spark / "bin" / "spark-class"), *line]
    with output.open("wb") as out, subprocess.Popen(command, env=env, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()


@contextmanager
def master(home: Path, properties: Mapping[str, str] | None = None) -> Iterator[SparkCluster]:
    """A master that leads and has no worker yet."""
    spark = spark_home()
    (home / "requests").mkdir(parents=True)
    (home / "program.py").write_text(PROGRAM, "utf-8")
    port, page, rest = free_port(), free_port(), free_port()
    settings = {"master.rest.enabled": "true", "master.rest.port": str(rest), "master.rest.host": "127.0.0.1"}
    settings = {f"spark.{name}": value for name, value in settings.items()} | dict(properties or {})
    file = home / "master.properties"
    file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), "utf-8")
    line = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page), "--properties-file", str(file)]
    began = time.monotonic()
    with started(["org.apache.spark.deploy.master.Master", *line], spark, home / "master.out") as process:
        cluster = SparkCluster(home, spark, port, f"http://127.0.0.1:{page}", f"http://127.0.0.1:{rest}")
        cluster.processes.append(process)
        _await(cluster, "status", "ALIVE")
        cluster.seconds_to_start = round(time.monotonic() - began, 1)
        yield cluster


@contextmanager
def running(home: Path) -> Iterator[SparkCluster]:
    with ExitStack() as stack:
        cluster = stack.enter_context(master(home))
        line = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", str(free_port())]
        line += ["--webui-port", str(free_port()), "--cores", "4", "--memory", "4g", "--work-dir", str(home / "work")]
        worker = stack.enter_context(started([*line, cluster.address], cluster.spark_home, home / "worker.out"))
        cluster.processes.append(worker)
        _await(cluster, "aliveworkers", 1)
        yield cluster


def _await(cluster: SparkCluster, key: str, value: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(httpx.HTTPError, ValueError):
            if httpx.get(f"{cluster.master_url}/json/", trust_env=False, timeout=60).json()[key] == value:
                return
        if time.monotonic() > deadline or cluster.processes[0].poll() is not None:
            said = "\n".join(file.read_text(errors="replace")[-1500:] for file in cluster.home.glob("*.out"))
            raise RuntimeError(f"Spark did not start:\n{said}")
        time.sleep(0.2)


@asynccontextmanager
async def faulty(url: str, *, silent: bool = False) -> AsyncIterator[str]:
    """An address that passes requests on, but cuts (or keeps silent on) the line when the answer comes."""
    host, port = url.removeprefix("http://").split(":")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, int(port))
        up = asyncio.create_task(_pass(reader, to_server))
        try:
            await from_server.read(1)
            await asyncio.sleep(60 if silent else 0)
        finally:
            up.cancel()
            for end in (writer, to_server):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
