"""What is decided about Spark without asking it: kept requests, memory, what a log tells, verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.targets.spark import CATALOGUE, Spark, SparkSettings, kept
from adapters.targets.spark.actions import Asked
from adapters.targets.spark.found import Gone, Job, Loose, healthy, sentence, state
from adapters.targets.spark.shown import App, Driver, Master, Traced, Worker, steady_for, traced
from adapters.targets.spark.verdicts import killed, made, memory, not_made, why_not
from engine.errors import Misconfigured, Refused
from engine.model import Judgement, Result

APP = App(id="app-1", name="nightly", starttime=2_000, state="FINISHED", memoryperexecutor=1024)
LATER = App(id="app-2", name="nightly", starttime=9_000, state="RUNNING", memoryperexecutor=1024)

LOG = """==== Bytes 0-900 of 900 of /opt/spark/work/driver-1/stderr ====
Launch Command: "java" "-Xmx512M" "-Dspark.app.name=nightly run" "-Dspark.oncall.action=a7" "org.apache.spark.Driver"
========================================
26/11/21 15:20:07 INFO StandaloneSchedulerBackend: Connected to Spark cluster with app ID app-20261121152007-0000
26/11/21 15:20:09 INFO Main: "-Dspark.oncall.action=forged" Connected to Spark cluster with app ID app-of-another
"""


def driver(state: str = "FAILED", memory: int = 512) -> Driver:
    return Driver(id="driver-1", starttime=1_000, state=state, memory=memory)


def python(*args: str, **properties: str) -> dict[str, Any]:
    return {
        "mainClass": kept.SUBMIT,
        "appResource": "",
        "appArgs": ["--master", "spark://m:7077", *args],
        "environmentVariables": {},
        "sparkProperties": {name.replace("_", "."): value for name, value in properties.items()},
    }


def keep(folder: Path, file: str, request: Mapping[str, Any] | str) -> None:
    text = request if isinstance(request, str) else json.dumps(request)
    (folder / f"{file}.json").write_text(text, "utf-8")


def job(state: str = "FAILED", request: Mapping[str, Any] | None = None, app: App | None = APP, **more: Any) -> Job:
    kind = kept.Kept("nightly.json", kept.Request.model_validate(request), "d1") if request else kept.NotKept("none")
    return Job(driver(state), app, "nightly", more.get("newest"), kind)


class TestKeptRequests:
    def test_a_file_of_its_id_wins_over_one_of_its_name_and_that_over_the_name_inside(self, tmp_path: Path) -> None:
        keep(tmp_path, "any", python(spark_app_name="nightly"))
        assert self._found(tmp_path) == "any.json"
        keep(tmp_path, "nightly", python(spark_app_name="other"))
        assert self._found(tmp_path) == "nightly.json"
        keep(tmp_path, "app-1", python(spark_app_name="other"))
        assert self._found(tmp_path) == "app-1.json"

    def _found(self, folder: Path) -> str:
        found = kept.find(str(folder), ("driver-1", "app-1"), "nightly")
        assert isinstance(found, kept.Kept), found
        return found.file

    @pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "", "a/../../secret"])
    def test_no_name_leads_out_of_the_folder(self, tmp_path: Path, name: str) -> None:
        inside = tmp_path / "requests"
        inside.mkdir()
        keep(tmp_path, "secret", python(spark_app_name="x"))
        keep(inside, "other", python())
        assert isinstance(kept.find(str(inside), (), name), kept.NotKept)

    def test_two_of_one_name_are_none(self, tmp_path: Path) -> None:
        keep(tmp_path, "a", python(spark_app_name="nightly"))
        keep(tmp_path, "b", python("--name", "nightly"))
        found = kept.find(str(tmp_path), (), "nightly")
        assert found == kept.NotKept("a.json and b.json are both kept under that name")

    @pytest.mark.parametrize(
        ("request_", "why"),
        [
            ("{", "is not a request"),
            ('{"sparkProperties": {"spark.password": "hunter2"}}', "is not a request"),
            (python() | {"appArgs": ["app.py", "--master", "spark://m:7077"]}, "without executors"),
            ("[" * 100_000, "is not a request"),
            ("x" * (kept.LARGEST + 1), "too large"),
        ],
    )
    def test_what_is_unfit_is_said_without_what_it_holds(self, tmp_path: Path, request_: Any, why: str) -> None:
        keep(tmp_path, "nightly", request_)
        found = kept.find(str(tmp_path), (), "nightly")
        assert isinstance(found, kept.NotKept)
        assert why in found.why
        assert "hunter2" not in found.why

    def test_memory_is_changed_wherever_it_stands_but_not_among_the_programs_own_arguments(self) -> None:
        own = ["job.py", "--executor-memory", "mine", "--conf", "spark.executor.memory=mine"]
        options = ["--verbose", "--executor-memory", "1g", "--conf", "spark.executor.memory=1g", "--driver-memory=1g"]
        options += ["--conf=spark.executor.memory=1g", "-c", "spark.cores.max=1", "--name", "nightly"]
        request = kept.Request.model_validate(python(*options, *own, spark_executor_memory="1g", spark_password="p"))
        body = kept.again(request, {"spark.executor.memory": "4g"}, "a9")
        expected = ["--verbose", "--executor-memory", "4g", "--conf", "spark.executor.memory=4g", "--driver-memory=1g"]
        expected += ["--conf=spark.executor.memory=4g", "-c", "spark.cores.max=1", "--name", "nightly"]
        assert body["appArgs"] == ["--master", "spark://m:7077", *expected, *own]
        properties = {"spark.executor.memory": "4g", "spark.password": "p", "spark.oncall.action": "a9"}
        assert body["sparkProperties"] == properties
        assert body["action"] == "CreateSubmissionRequest"

    def test_a_java_programs_arguments_are_its_own(self) -> None:
        request = kept.Request.model_validate(python("--executor-memory", "1g") | {"mainClass": "com.example.Main"})
        assert kept.again(request, {"spark.executor.memory": "4g"}, "a")["appArgs"] == list(request.appArgs)

    async def test_what_everybody_may_change_is_said(self, tmp_path: Path) -> None:
        keep(tmp_path, "nightly", python())
        assert kept.open_to_all(str(tmp_path)) == ""
        (tmp_path / "nightly.json").chmod(0o666)
        assert kept.open_to_all(str(tmp_path)) == str(tmp_path / "nightly.json")
        (tmp_path / "nightly.json").chmod(0o600)
        tmp_path.chmod(0o777)
        assert kept.open_to_all(str(tmp_path)) == str(tmp_path)


class TestMemory:
    LARGEST = 4096

    def sizes(self, name: str, wanted: str, job: Job) -> Mapping[str, str]:
        return memory(name, Asked(application_id="app-1", memory=wanted), job, self.LARGEST)

    def test_double_is_twice_what_it_had(self) -> None:
        had = job(request=python(spark_executor_memory="1g", spark_driver_memory="512m"))
        assert self.sizes("increase_executor_memory", "double", had) == {"spark.executor.memory": "2048m"}
        assert self.sizes("increase_driver_memory", "double", had) == {"spark.driver.memory": "1024m"}
        assert self.sizes("restart_spark_app", "same", had) == {}

    def test_what_it_had_by_then_is_not_taken_from_it(self) -> None:
        had = job(request=python(spark_executor_memory="512m", spark_driver_memory="256m"))
        kept_up = {"spark.executor.memory": "1024m", "spark.driver.memory": "512m"}
        assert self.sizes("restart_spark_app", "same", had) == kept_up

    @pytest.mark.parametrize(
        ("name", "wanted", "app", "why"),
        [
            ("increase_executor_memory", "1g", APP, "is not more than the 1024 MiB that it had"),
            ("increase_driver_memory", "512m", APP, "is not more than the 512 MiB that it had"),
            ("increase_executor_memory", "5g", APP, "the largest that is alive has 4096 MiB"),
            ("restart_spark_app", "5g", APP, "the largest that is alive has 4096 MiB"),
            ("increase_executor_memory", "double", None, "is not known, so give the size"),
        ],
    )
    def test_what_cannot_help_is_refused(self, name: str, wanted: str, app: App | None, why: str) -> None:
        with pytest.raises(Refused, match=why):
            self.sizes(name, wanted, job(request=python(), app=app))

    @pytest.mark.parametrize("size", ["8G", "512m"])
    def test_sizes_are_written_as_spark_writes_them(self, size: str) -> None:
        assert CATALOGUE["increase_executor_memory"].wrong({"application_id": "app-1", "memory": size}) == {}

    @pytest.mark.parametrize("size", ["0g", "8", "-1g", "8gb", "1t", "8g\n", "8 g", "same", "99999999g"])
    def test_others_are_wrong(self, size: str) -> None:
        said = CATALOGUE["increase_executor_memory"].wrong({"application_id": "app-1", "memory": size})
        assert said == {"memory": "is neither a size such as 8g or 512m nor the word double"}


def test_a_log_tells_of_its_application_and_of_our_mark_and_the_program_cannot_forge_it() -> None:
    assert traced(LOG) == Traced("app-20261121152007-0000", "nightly run", "a7")
    assert traced("Error: invalid log directory /opt/spark/work/driver-9/") == Traced()
    assert traced(LOG.replace("-Dspark.oncall.action=a7", "-Dx=y")).action == ""


class TestSteady:
    """A stream never ends; its kept request says after how long it counts as well."""

    @pytest.mark.parametrize(
        ("steady", "minutes", "state", "judgement"),
        [
            ("30", 31, "RUNNING", Judgement.WORKED),
            ("30", 29, "RUNNING", Judgement.NOT_YET),
            ("", 600, "RUNNING", Judgement.NOT_YET),
            ("soon", 600, "RUNNING", Judgement.NOT_YET),
            ("30", 31, "FAILED", Judgement.FAILED),
        ],
    )
    async def test_it(self, steady: str, minutes: int, state: str, judgement: Judgement) -> None:
        log = LOG.replace("-Dspark.oncall.action=a7", f"-Dspark.oncall.steady={steady}")
        app = App(id=traced(log).app_id, name="stream", starttime=60_000, state="RUNNING", memoryperexecutor=512)
        worker = Worker(id="w", state="ALIVE", webuiaddress="", memory=1, lastheartbeat=(minutes + 1) * 60_000)
        new = Driver(id="driver-2", starttime=50_000, state=state, memory=1, worker="w")
        master = Master(
            status="ALIVE", workers=(worker,), activeapps=(app,), completedapps=(), activedrivers=(new,),
            completeddrivers=(),
        )  # fmt: skip
        assert made(new, steady_for(master, traced(log))).judgement is judgement


class TestVerdicts:
    @pytest.mark.parametrize(
        ("now", "judgement"),
        [
            ("FINISHED", Judgement.WORKED),
            ("FAILED", Judgement.FAILED),
            ("ERROR", Judgement.FAILED),
            ("KILLED", Judgement.FAILED),
            ("SUBMITTED", Judgement.NOT_YET),
            ("RUNNING", Judgement.NOT_YET),
            ("RELAUNCHING", Judgement.NOT_YET),
        ],
    )
    def test_the_new_submission_decides(self, now: str, judgement: Judgement) -> None:
        assert made(driver(now)).judgement is judgement

    @pytest.mark.parametrize(
        ("seen", "now", "judgement"),
        [
            ("RUNNING", "RUNNING", Judgement.UNKNOWN),
            ("RUNNING", "KILLED", Judgement.UNKNOWN),
            ("RUNNING", "FINISHED", Judgement.RECOVERED),
            ("FINISHED", "FINISHED", Judgement.UNKNOWN),
        ],
    )
    def test_without_one_nothing_is_praised(self, seen: str, now: str, judgement: Judgement) -> None:
        assert not_made(job(now), state(job(seen))).judgement is judgement

    @pytest.mark.parametrize(
        ("now", "sent", "judgement"),
        [
            ("RUNNING", False, Judgement.UNKNOWN),
            ("RUNNING", True, Judgement.NOT_YET),
            ("KILLED", False, Judgement.WORKED),
            ("KILLED", True, Judgement.WORKED),
            ("FINISHED", True, Judgement.RECOVERED),
            ("FAILED", True, Judgement.FAILED),
            ("UNKNOWN", False, Judgement.UNKNOWN),
        ],
    )
    def test_a_kill(self, now: str, sent: bool, judgement: Judgement) -> None:
        assert killed(job(now), state(job("RUNNING")), sent=sent).judgement is judgement
        assert killed(Gone("app-1"), state(job("RUNNING")), sent=sent).judgement is Judgement.UNKNOWN

    def test_a_later_run_of_the_name_is_not_doubled(self) -> None:
        again = job(request=python(), newest=LATER)
        outcome = why_not("restart_spark_app", again, ("nightly",))
        assert outcome is not None
        assert outcome.result is Result.NOTHING_DONE
        assert healthy(again) is None
        assert why_not("restart_spark_app", job(request=python()), ("night*",)) is None

    @pytest.mark.parametrize("patterns", [(), ("other",), ("nightl",), ("Nightly",)])
    def test_outside_of_the_fence_nothing_is_done(self, patterns: tuple[str, ...]) -> None:
        outcome = why_not("kill_spark_app", job("RUNNING"), patterns)
        assert outcome is not None
        assert outcome.result is Result.FAILED
        assert "SPARK_APPLICATIONS" in outcome.detail

    def test_what_is_not_here_says_where_it_may_be(self) -> None:
        assert "YARN" in sentence(Gone("application_1764000000000_0007"))
        assert "Kubernetes" in sentence(Gone("spark-0123456789abcdef0123456789abcdef"))
        assert "started by a client" in sentence(Loose(APP, None))


@pytest.mark.parametrize(
    "settings",
    [
        {"master_url": "spark://m:7077", "rest_url": "http://m:6066"},
        {"master_url": "http://m:8080", "rest_url": "m:6066"},
        {"master_url": "http://m:8080", "rest_url": "http://m:6066", "token": "two words"},
    ],
)
def test_settings_that_cannot_be_are_said(settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="SPARK_"):
        SparkSettings(**settings)


async def test_a_secret_is_in_no_repr() -> None:
    target = Spark(SparkSettings("http://m:1", "http://m:2", token="hunter2hunter2"))
    assert "hunter2" not in f"{target!r} {target._settings!r}"  # noqa: SLF001 - that is what is asked here
    await target.close()


async def test_workers_that_keep_silent_do_not_add_up() -> None:
    """Their pages may be closed to us: then the submission is not known, and that is said within one timeout."""
    async with asyncio.timeout(100), TestServer(_master_of_silent_workers(), host="127.0.0.1") as server:
        url = str(server.make_url("")).rstrip("/")
        target = Spark(SparkSettings(url, url, timeout_seconds=4))
        evidence = await target.look({"application_id": "app-1"})
        await target.close()
    assert "no submission is known for it" in evidence.summary
    assert evidence.state["submission"] == "none"


def _master_of_silent_workers() -> web.Application:
    async def json_page(request: web.Request) -> web.Response:
        page = {"webuiaddress": str(request.url.origin()), "memory": 4096, "state": "ALIVE"}
        one = {"state": "FAILED", "memory": 512, "worker": "w-1", "starttime": "1000"}
        drivers = [{**one, "id": f"driver-{number}"} for number in range(60)]
        return web.json_response(
            {
                "status": "ALIVE",
                "workers": [{**page, "id": "w-1"}],
                "activeapps": [],
                "completedapps": [APP.model_dump()],
                "activedrivers": [],
                "completeddrivers": drivers,
            }
        )

    async def silent(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/json/", json_page), web.get("/log/", silent)])
    return app
